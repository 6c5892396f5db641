"""What applications can do: ask for consent, create voices, have speech made, detect marks."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from consent import ceremony, mail
from consent.models import ConsentRecord
from governance import consent_tokens, delivery, intake, jobs
from governance.api import serializers
from governance.api.base import ApplicationView
from governance.clip_files import form_of
from governance.errors import ClipNotReadyError, GovernanceError, UnknownVoiceError
from governance.models import Detection
from synth_adapter.forms import FORMS, MEDIA_TYPES
from tenancy.api_keys import ApiScope
from voices.models import Voice
from watermark.duties import Sign

LONGEST_IDEMPOTENCY_KEY = 200
PROBLEM = {"4XX": serializers.ProblemSerializer}


class UnknownConsentError(GovernanceError):
    """No such consent in this organisation."""

    code = "consent-unknown"


class UnknownDetectionError(GovernanceError):
    """No such detection in this organisation."""

    code = "detection-unknown"


class ConsentsView(ApplicationView):
    """Consents of this organisation."""

    needs: ClassVar[ApiScope] = ApiScope.CONSENTS

    @extend_schema(responses=serializers.ConsentSerializer(many=True))
    def get(self, _request: Request) -> Response:
        found = ConsentRecord.objects.select_related("speaker").prefetch_related("purposes").order_by("-id")[:200]
        return Response(serializers.ConsentSerializer(found, many=True).data)

    @extend_schema(
        request=serializers.ConsentAskSerializer, responses={201: serializers.NewConsentSerializer, **PROBLEM}
    )
    def post(self, request: Request) -> Response:
        ask = serializers.ConsentAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        deliver = ask.validated_data.pop("deliver")
        consent, token = ceremony.request_consent(**ask.validated_data)
        url = request.build_absolute_uri(f"/v1/ceremonies/{token}")
        page = request.build_absolute_uri(f"/c/{token}")
        if deliver:
            mail.send(consent, kind="invitation", link=page)
        return Response(
            {**serializers.ConsentSerializer(consent).data, "ceremony_url": url, "page_url": page}, status=201
        )


class ConsentView(ApplicationView):
    """One consent."""

    needs: ClassVar[ApiScope] = ApiScope.CONSENTS

    @extend_schema(responses={200: serializers.ConsentSerializer, **PROBLEM})
    def get(self, _request: Request, consent_id: UUID) -> Response:
        found = ConsentRecord.objects.select_related("speaker").filter(id=consent_id).first()
        if found is None:
            raise UnknownConsentError("There is no such consent.")
        return Response(serializers.ConsentSerializer(found).data)


class CreateVoiceView(ApplicationView):
    """Create a voice from samples; it is checked and prepared on the queue."""

    needs: ClassVar[ApiScope] = ApiScope.VOICES

    @extend_schema(
        request={"multipart/form-data": serializers.VoiceAskSerializer},
        responses={202: serializers.VoiceSerializer, **PROBLEM},
    )
    def post(self, request: Request) -> Response:
        ask = serializers.VoiceAskSerializer(
            data={**request.data.dict(), "samples": request.FILES.getlist("samples")}
            if hasattr(request.data, "dict")
            else request.data
        )
        ask.is_valid(raise_exception=True)
        self.concerns = {"consent": ask.validated_data["consent"]}
        voice = intake.submit_voice(
            consent_id=ask.validated_data["consent"],
            name=ask.validated_data["name"],
            language=ask.validated_data["language"],
            samples=[sample.read() for sample in ask.validated_data["samples"]],
        )
        return Response(
            serializers.VoiceSerializer(voice).data, status=202, headers={"Location": f"/v1/voices/{voice.id}"}
        )


class VoicesView(ApplicationView):
    """Voices of this organisation."""

    needs: ClassVar[ApiScope] = ApiScope.VOICES

    @extend_schema(responses=serializers.VoiceSerializer(many=True))
    def get(self, _request: Request) -> Response:
        found = Voice.objects.select_related("prepared").order_by("-id")[:200]
        return Response(serializers.VoiceSerializer(found, many=True).data)


class VoiceView(ApplicationView):
    """One voice."""

    needs: ClassVar[ApiScope] = ApiScope.VOICES

    @extend_schema(responses={200: serializers.VoiceSerializer, **PROBLEM})
    def get(self, _request: Request, voice_id: UUID) -> Response:
        found = Voice.objects.select_related("prepared").filter(id=voice_id).first()
        if found is None:
            raise UnknownVoiceError("There is no such voice.")
        return Response(serializers.VoiceSerializer(found).data)


class SynthesiseView(ApplicationView):
    """Ask for speech."""

    needs: ClassVar[ApiScope] = ApiScope.SYNTHESISE

    @extend_schema(
        request=serializers.SynthesisAskSerializer,
        responses={202: serializers.JobSerializer, **PROBLEM},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        ask = serializers.SynthesisAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        voice_id, purpose = ask.validated_data.get("voice"), ask.validated_data.get("purpose")
        token_id = None
        if written := ask.validated_data.get("consent_token"):
            token = consent_tokens.show(written, voice_id=voice_id, purpose=purpose)
            voice_id, purpose, token_id = token.voice_id, token.purpose, token.id
        asked = intake.submit(
            intake.Ask(
                voice_id=voice_id,
                text=ask.validated_data["text"],
                language=ask.validated_data["language"],
                purpose=purpose,
                idempotency_key=_idempotency_key(request),
                token_id=token_id,
                audible_disclosure=Sign(ask.validated_data["audible_disclosure"]),
            )
        )
        location = f"/v1/tts/job/{asked.id}"
        headers = {"Location": location, "Retry-After": "2"}
        return Response(serializers.JobSerializer(jobs.describe(asked)).data, status=202, headers=headers)


class JobView(ApplicationView):
    """Ask how far a job is."""

    needs: ClassVar[ApiScope] = ApiScope.SYNTHESISE

    @extend_schema(responses={200: serializers.JobSerializer, **PROBLEM})
    def get(self, _request: Request, job_id: UUID) -> Response:
        return Response(serializers.JobSerializer(jobs.find(job_id)).data)


class JobAudioView(ApplicationView):
    """Get a job's marked audio, as long as the speaker's consent stands."""

    needs: ClassVar[ApiScope] = ApiScope.SYNTHESISE

    @extend_schema(
        parameters=[OpenApiParameter("form", str, enum=list(FORMS), default="wav")],
        responses={**{(200, media_type): OpenApiTypes.BINARY for media_type in MEDIA_TYPES.values()}, **PROBLEM},
    )
    def get(self, request: Request, job_id: UUID) -> HttpResponse:
        form = form_of(request.query_params.get("form", "wav"))
        if form is None:
            raise ParseError(f"`form` is one of {', '.join(FORMS)}.")
        job = jobs.find(job_id)
        if job.clip is None:
            raise ClipNotReadyError(f"The job is {job.status}; it has no audio.", reasons=job.reasons)
        released = delivery.release(job.clip, form=form)
        headers = {"Content-Disposition": f'attachment; filename="{released.filename}"', "Cache-Control": "no-store"}
        return HttpResponse(released.audio, content_type=released.media_type, headers=headers)


class DetectionsView(ApplicationView):
    """Give a recording to the detector."""

    needs: ClassVar[ApiScope] = ApiScope.DETECT

    @extend_schema(
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={202: serializers.DetectionSerializer, **PROBLEM},
    )
    def post(self, request: Request) -> Response:
        ask = serializers.UploadSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        found = intake.submit_detection(ask.validated_data["audio"].read())
        return Response(serializers.DetectionSerializer(found).data, status=202)


class DetectionView(ApplicationView):
    """What the detector read."""

    needs: ClassVar[ApiScope] = ApiScope.DETECT

    @extend_schema(responses={200: serializers.DetectionSerializer, **PROBLEM})
    def get(self, _request: Request, detection_id: UUID) -> Response:
        found = Detection.objects.filter(id=detection_id).first()
        if found is None:
            raise UnknownDetectionError("There is no such detection.")
        return Response(serializers.DetectionSerializer(found).data)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY:
        raise ParseError(f"An `Idempotency-Key` has from 1 to {LONGEST_IDEMPOTENCY_KEY} characters.")
    return key
