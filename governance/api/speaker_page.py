"""What a speaker can see and do from their receipt's link while the consent goes on: narrow it, see uses, refuse."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.links import LinkKind
from consent.models import ConsentRecord, ConsentStatus
from consent.scope import Purpose
from governance import narrowing, uses, withdrawal
from governance.api.applications import UnknownConsentError
from governance.api.base import SpeakerView
from governance.api.serializers import ReceiptSerializer


class NarrowAskSerializer(serializers.Serializer[Any]):
    """What stays of the consent; what is not named stays as it is."""

    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=[purpose.value for purpose in Purpose]), required=False, default=None
    )
    clips_may_be_distributed = serializers.BooleanField(required=False, default=None, allow_null=True)


class MonthSerializer(serializers.Serializer[Any]):
    """One calendar month and purpose."""

    month = serializers.DateField()
    purpose = serializers.CharField()
    count = serializers.IntegerField()
    seconds = serializers.FloatField()


class UseSerializer(serializers.Serializer[Any]):
    """One clip."""

    id = serializers.UUIDField()
    purpose = serializers.CharField()
    language = serializers.CharField()
    made_at = serializers.DateTimeField()
    seconds = serializers.FloatField()
    fetched = serializers.BooleanField()
    stopped = serializers.BooleanField()


class UsesSerializer(serializers.Serializer[Any]):
    """Everything that was made with the speaker's voice."""

    count = serializers.IntegerField()
    seconds = serializers.FloatField()
    purposes = serializers.ListField(child=serializers.CharField())
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    months = MonthSerializer(many=True)
    clips = UseSerializer(many=True, allow_null=True)


class RequestedSerializer(serializers.Serializer[Any]):
    """What the organisation asks, and the speaker has not answered."""

    id = serializers.UUIDField()
    purposes = serializers.SerializerMethodField()
    intended_use = serializers.CharField()
    notice = serializers.CharField(source="notice_text")
    statement = serializers.CharField()
    replaces = serializers.UUIDField(source="replaces_id", allow_null=True)
    requested_at = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()

    def get_purposes(self, consent: Any) -> list[str]:
        return sorted(named.purpose for named in consent.purposes.all())


class RefusedSerializer(serializers.Serializer[Any]):
    """That a request came to nothing."""

    id = serializers.UUIDField()
    status = serializers.CharField()


class NarrowView(SpeakerView):
    """Take back a part; the answer is the new receipt."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(request=NarrowAskSerializer, responses=ReceiptSerializer)
    def post(self, request: Request, token: str) -> Response:  # noqa: ARG002 -- the link is read by the base view
        ask = NarrowAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        return Response(ReceiptSerializer(narrowing.narrow(self.consent.id, **ask.validated_data)).data)


class UsesView(SpeakerView):
    """What was made with my voice."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(responses=UsesSerializer)
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        return Response(UsesSerializer(uses.of_speaker(self.consent.speaker_id)).data)


class RequestsView(SpeakerView):
    """What I am asked, and have not answered."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(responses=RequestedSerializer(many=True))
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        mine = ConsentRecord.objects.filter(speaker_id=self.consent.speaker_id, status=ConsentStatus.REQUESTED)
        return Response(RequestedSerializer(mine.prefetch_related("purposes").order_by("id"), many=True).data)


class RefusalView(SpeakerView):
    """Say no to one of them; what stands already stays as it is."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(request=None, responses=RefusedSerializer)
    def post(self, _request: Request, token: str, consent_id: UUID) -> Response:  # noqa: ARG002 -- as above
        withdrawal.refuse(_of_the_same_speaker(self.consent, consent_id).id)
        return Response(RefusedSerializer({"id": consent_id, "status": "refused"}).data)


def _of_the_same_speaker(consent: ConsentRecord, consent_id: UUID) -> ConsentRecord:
    found = ConsentRecord.objects.filter(id=consent_id, speaker_id=consent.speaker_id).first()
    if found is None:
        raise UnknownConsentError("Nothing of the kind was asked of you.")
    return found
