"""What a speaker can do with their link: read the notice, take a phrase, send a recording, get and use the receipt."""

from __future__ import annotations

import tempfile
from typing import Any, ClassVar
from uuid import UUID

from django.http import FileResponse, HttpRequest
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from consent import ceremony, receipts, repetition
from consent.links import LinkKind
from consent.models import CeremonyRecording
from governance import access_pack, certificates, withdrawal
from governance.api import ceremony_serializers, serializers
from governance.api.base import SpeakerView
from governance.errors import CertificateNotReadyError, GovernanceError

COUNTED = ("voices_erased", "permits_voided", "clips_made_unreleasable", "key_shredded")


class UnknownRecordingError(GovernanceError):
    """No such recording in this ceremony."""

    code = "recording-unknown"


class ReceiptNotReadyError(GovernanceError):
    """The consent has not been given, so there is no receipt."""

    code = "receipt-not-ready"


def absolute(request: HttpRequest | Request, path: str) -> str:
    return request.build_absolute_uri(path)


class CeremonyView(SpeakerView):
    """The notice."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(responses=ceremony_serializers.CeremonySerializer)
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- the link is read by the base view
        ceremony.show_notice(self.consent)
        return Response(ceremony_serializers.CeremonySerializer(self.consent).data)


class ChallengesView(SpeakerView):
    """One-time phrases."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(request=None, responses={201: ceremony_serializers.ChallengeSerializer})
    def post(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        challenge = ceremony.issue_challenge(self.consent, session=self.session)
        return Response(ceremony_serializers.ChallengeSerializer(challenge).data, status=201)


class RecordingsView(SpeakerView):
    """Recordings of the statement and the phrase."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(
        request={"multipart/form-data": ceremony_serializers.RecordingAskSerializer},
        responses={202: ceremony_serializers.RecordingSerializer},
    )
    def post(self, request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        ask = ceremony_serializers.RecordingAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        sent = [part.read() for part in request.FILES.getlist("audio")]
        repeated = ask.validated_data["mode"] == "repetition"
        recording = ceremony.receive_recording(
            self.consent,
            challenge_id=ask.validated_data["challenge"],
            audio=repetition.join(sent) if repeated else sent[-1],
            parts=len(sent) if repeated else 1,
            session=self.session,
        )
        return Response(ceremony_serializers.RecordingSerializer(recording).data, status=202)


class RecordingView(SpeakerView):
    """One recording's outcome."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(responses=ceremony_serializers.RecordingSerializer)
    def get(self, _request: Request, token: str, recording_id: UUID) -> Response:  # noqa: ARG002 -- as above
        found = (
            CeremonyRecording.objects.filter(consent=self.consent, id=recording_id).select_related("consent").first()
        )
        if found is None:
            raise UnknownRecordingError("There is no such recording.")
        return Response(ceremony_serializers.RecordingSerializer(found).data)


class NewReceiptView(SpeakerView):
    """The receipt, with a fresh secret link to it."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(request=None, responses={201: serializers.NewReceiptSerializer})
    def post(self, request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        receipt = receipts.latest(self.consent)
        if receipt is None:
            raise ReceiptNotReadyError("The consent has not been given yet.")
        path = f"/v1/receipts/{receipts.new_link(receipt)}"
        urls: dict[str, Any] = {
            "receipt_url": absolute(request, path),
            "withdraw_url": absolute(request, f"{path}/withdraw"),
            "data_url": absolute(request, f"{path}/data"),
        }
        return Response({**serializers.ReceiptSerializer(receipt).data, **urls}, status=201)


class ReceiptView(SpeakerView):
    """The receipt, as often as the speaker likes."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(responses=serializers.ReceiptSerializer)
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        receipt = receipts.latest(self.consent)
        if receipt is None:
            raise ReceiptNotReadyError("The proof of this consent has been destroyed, and its receipt with it.")
        return Response(serializers.ReceiptSerializer(receipt).data)


class DataView(SpeakerView):
    """Everything that is held about them, as one zip file; after an erasure it says what is gone."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, _request: Request, token: str) -> FileResponse:  # noqa: ARG002 -- as above
        return data_file(self.consent.speaker_id)


class WithdrawView(SpeakerView):
    """Take it back."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(request=None, responses=serializers.WithdrawnSerializer)
    def post(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        done = withdrawal.withdraw(self.consent.id)
        counted = {name: getattr(done, name) for name in COUNTED}
        certificate = certificates.as_document(done.certificate)
        body = {"status": "withdrawn", **counted, "destruction": certificate}
        return Response(serializers.WithdrawnSerializer(body).data)


class CertificateView(SpeakerView):
    """The certificate of destruction, as often as the speaker likes."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(responses=serializers.CertificateSerializer)
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        found = certificates.of_consent(self.consent.id, speaker_id=self.consent.speaker_id)
        if found is None:
            raise CertificateNotReadyError("Nothing was erased: the consent stands, or nothing was held under it.")
        return Response(serializers.CertificateSerializer(certificates.as_document(found)).data)


def data_file(speaker_id: UUID) -> FileResponse:
    """The access pack as a file to save, which no cache keeps."""
    pack = tempfile.TemporaryFile()  # noqa: SIM115 -- the response closes it; without a name, nobody else opens it
    access_pack.write(speaker_id, to=pack)
    pack.seek(0)
    filename = f"vivavoce-my-data-{timezone.now():%Y-%m-%d}.zip"
    return FileResponse(pack, as_attachment=True, filename=filename, headers={"Cache-Control": "no-store"})
