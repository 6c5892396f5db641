"""Lists of protected voices: applications propose, signed-in members decide, anybody may ask not to be cloned."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from governance import do_not_clone, tasks
from governance.api import protected_serializers as shapes
from governance.api import serializers
from governance.api.base import ApplicationView, ScopedView
from safety import appeals, lists
from safety.errors import ProtectionError, SpeechError
from safety.hearing import embed_voice
from safety.lists import Person
from safety.models import ListChange, ProtectedList, ProtectedVoice, ProtectionAppeal
from safety.registry import speaker_encoders
from synth_adapter.decoding import decode_whole
from synth_adapter.errors import AudioError
from tenancy.api_keys import ApiScope
from tenancy.models import Role
from tenancy.organisations import membership_of
from tenancy.scope import current_organisation, user_scope

PROBLEM = {"4XX": serializers.ProblemSerializer}
DECIDING = frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.REVIEWER})


class ProtectView(ApplicationView):
    """A view for keys that may propose protection."""

    needs: ClassVar[ApiScope] = ApiScope.PROTECT


class DecidingView(ScopedView):
    """A view for a signed-in owner, compliance officer or reviewer: only a person can be the second pair of eyes."""

    authentication_classes = (SessionAuthentication,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        user: Any = request.user
        with user_scope(user.pk):
            membership = membership_of(user)
        if membership is None or membership.role not in DECIDING:
            raise PermissionDenied("This is for owners, compliance officers and reviewers.")
        self.enter(membership.organisation_id, actor=f"member:{user.pk}")


class ListsView(ProtectView):
    """The organisation's lists and the platform's."""

    @extend_schema(responses=shapes.ListSerializer(many=True))
    def get(self, _request: Request) -> Response:
        return Response(shapes.ListSerializer(ProtectedList.objects.order_by("id")[:200], many=True).data)

    @extend_schema(request=shapes.ListAskSerializer, responses={201: shapes.ListSerializer, **PROBLEM})
    def post(self, request: Request) -> Response:
        ask = shapes.ListAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        return Response(shapes.ListSerializer(lists.create_list(**ask.validated_data)).data, status=201)


class ListedVoicesView(ProtectView):
    """People on one of the organisation's own lists."""

    @extend_schema(responses={200: shapes.ProtectedVoiceSerializer(many=True), **PROBLEM})
    def get(self, _request: Request, list_id: UUID) -> Response:
        found = _own_list(list_id).voices.filter(removed_at=None).order_by("-id")[:200]
        return Response(shapes.ProtectedVoiceSerializer(found, many=True).data)

    @extend_schema(
        request={"multipart/form-data": shapes.PersonAskSerializer},
        responses={202: shapes.ChangeSerializer, **PROBLEM},
    )
    def post(self, request: Request, list_id: UUID) -> Response:
        """Propose a person; two members have to agree."""
        ask = shapes.PersonAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        asked = dict(ask.validated_data)
        sound = decode_whole(asked.pop("audio").read()).waveform
        try:
            voice = embed_voice(sound, encoders=speaker_encoders())
        except SpeechError as error:
            raise AudioError("audio-silent", str(error)) from error
        person = Person(**{**asked, "aliases": tuple(asked["aliases"])})
        change = lists.propose_addition(_own_list(list_id), person, voice=voice)
        return Response(shapes.ChangeSerializer(change).data, status=202)


class ListedVoiceRemovalView(ProtectView):
    """Propose that a person be taken off."""

    @extend_schema(request=shapes.ReasonAskSerializer, responses={202: shapes.ChangeSerializer, **PROBLEM})
    def post(self, request: Request, list_id: UUID, voice_id: UUID) -> Response:
        ask = shapes.ReasonAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        protected = ProtectedVoice.objects.filter(id=voice_id, listing=_own_list(list_id)).first()
        if protected is None:
            raise ProtectionError("There is no such person on this list.", code="protected-voice-unknown")
        return Response(
            shapes.ChangeSerializer(lists.propose_removal(protected, reason=ask.validated_data["reason"])).data,
            status=202,
        )


class ChangesView(ProtectView):
    """Proposed and decided changes of the organisation's lists."""

    @extend_schema(responses=shapes.ChangeSerializer(many=True))
    def get(self, _request: Request) -> Response:
        return Response(shapes.ChangeSerializer(ListChange.objects.order_by("-id")[:200], many=True).data)


class ChangeApprovalView(DecidingView):
    """Agree to a change that somebody else proposed."""

    @extend_schema(request=None, responses={200: shapes.ChangeSerializer, **PROBLEM})
    def post(self, _request: Request, change_id: UUID) -> Response:
        return Response(shapes.ChangeSerializer(lists.approve(change_id)).data)


class ChangeRejectionView(DecidingView):
    """Refuse a change, with the reasons."""

    @extend_schema(request=shapes.StatementAskSerializer, responses={200: shapes.ChangeSerializer, **PROBLEM})
    def post(self, request: Request, change_id: UUID) -> Response:
        ask = shapes.StatementAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        change = lists.reject(change_id, statement=ask.validated_data["statement"])
        return Response(shapes.ChangeSerializer(change).data)


class AppealsView(ProtectView):
    """Appeals of this organisation."""

    @extend_schema(responses=shapes.AppealSerializer(many=True))
    def get(self, _request: Request) -> Response:
        return Response(shapes.AppealSerializer(ProtectionAppeal.objects.order_by("-id")[:200], many=True).data)

    @extend_schema(request=shapes.AppealAskSerializer, responses={201: shapes.AppealSerializer, **PROBLEM})
    def post(self, request: Request) -> Response:
        ask = shapes.AppealAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        appeal = appeals.file(ask.validated_data["voice"], grounds=ask.validated_data["grounds"])
        return Response(shapes.AppealSerializer(appeal).data, status=201)


class AppealDecisionView(DecidingView):
    """Decide an appeal that somebody else filed."""

    @extend_schema(request=shapes.AppealDecisionSerializer, responses={200: shapes.AppealSerializer, **PROBLEM})
    def post(self, request: Request, appeal_id: UUID) -> Response:
        ask = shapes.AppealDecisionSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        decided = appeals.decide(
            appeal_id, grant=ask.validated_data["grant"], statement=ask.validated_data["statement"]
        )
        return Response(shapes.AppealSerializer(decided).data)


class AskedRarely(AnonRateThrottle):
    """Few requests from one address: each makes somebody listen."""

    rate = "20/hour"


class DoNotCloneView(APIView):
    """Ask, as anybody, that your own voice never be cloned."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (AskedRarely,)

    @extend_schema(request=shapes.DoNotCloneAskSerializer, responses={201: shapes.NewDoNotCloneSerializer, **PROBLEM})
    def post(self, request: Request) -> Response:
        ask = shapes.DoNotCloneAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        asked = do_not_clone.ask(**ask.validated_data)
        shown: Any = shapes.DoNotCloneSerializer(asked.request).data
        url = request.build_absolute_uri(f"/v1/do-not-clone/{asked.token}")
        return Response({**shown, "statement": asked.statement, "url": url}, status=201)


class DoNotCloneRequestView(APIView):
    """Your request: where it stands, and where the recording goes."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(responses={200: shapes.DoNotCloneSerializer, **PROBLEM})
    def get(self, _request: Request, token: str) -> Response:
        return Response(shapes.DoNotCloneSerializer(do_not_clone.find(token)).data)

    @extend_schema(
        operation_id="do_not_clone_record",
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={202: shapes.DoNotCloneSerializer, **PROBLEM},
    )
    def post(self, request: Request, token: str) -> Response:
        ask = serializers.UploadSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        received = do_not_clone.receive(do_not_clone.find(token), ask.validated_data["audio"].read())
        tasks.queue_protection_request(received)
        return Response(shapes.DoNotCloneSerializer(received).data, status=202)


def _own_list(list_id: UUID) -> ProtectedList:
    found = ProtectedList.objects.filter(id=list_id, organisation_id=current_organisation()).first()
    if found is None:
        raise ProtectionError("There is no such list in this organisation.", code="protected-list-unknown")
    return found
