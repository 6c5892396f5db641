"""What a speaker can do with their link: read the notice, take a phrase, send a recording, get and use the receipt."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from consent import ceremony, receipts
from consent.links import LinkKind
from consent.models import CeremonyRecording, Receipt
from governance import withdrawal
from governance.api import serializers
from governance.api.base import SpeakerView
from governance.errors import GovernanceError


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

    @extend_schema(responses=serializers.CeremonySerializer)
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- the link is read by the base view
        ceremony.show_notice(self.consent)
        return Response(serializers.CeremonySerializer(self.consent).data)


class ChallengesView(SpeakerView):
    """One-time phrases."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(request=None, responses={201: serializers.ChallengeSerializer})
    def post(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        challenge = ceremony.issue_challenge(self.consent)
        return Response(serializers.ChallengeSerializer(challenge).data, status=201)


class RecordingsView(SpeakerView):
    """Recordings of the statement and the phrase."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(
        request={"multipart/form-data": serializers.RecordingAskSerializer},
        responses={202: serializers.RecordingSerializer},
    )
    def post(self, request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        ask = serializers.RecordingAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        recording = ceremony.receive_recording(
            self.consent,
            challenge_id=ask.validated_data["challenge"],
            audio=ask.validated_data["audio"].read(),
        )
        return Response(serializers.RecordingSerializer(recording).data, status=202)


class RecordingView(SpeakerView):
    """One recording's outcome."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(responses=serializers.RecordingSerializer)
    def get(self, _request: Request, token: str, recording_id: UUID) -> Response:  # noqa: ARG002 -- as above
        found = (
            CeremonyRecording.objects.filter(consent=self.consent, id=recording_id).select_related("consent").first()
        )
        if found is None:
            raise UnknownRecordingError("There is no such recording.")
        return Response(serializers.RecordingSerializer(found).data)


class NewReceiptView(SpeakerView):
    """The receipt, with a fresh secret link to it."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(request=None, responses={201: serializers.NewReceiptSerializer})
    def post(self, request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        receipt = Receipt.objects.filter(consent=self.consent).first()
        if receipt is None:
            raise ReceiptNotReadyError("The consent has not been given yet.")
        path = f"/v1/receipts/{receipts.new_link(receipt)}"
        urls: dict[str, Any] = {
            "receipt_url": absolute(request, path),
            "withdraw_url": absolute(request, f"{path}/withdraw"),
        }
        return Response({**serializers.ReceiptSerializer(receipt).data, **urls}, status=201)


class ReceiptView(SpeakerView):
    """The receipt, as often as the speaker likes."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(responses=serializers.ReceiptSerializer)
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        return Response(serializers.ReceiptSerializer(self.consent.receipt).data)


class WithdrawView(SpeakerView):
    """Take it back."""

    kind: ClassVar[LinkKind] = "receipt"

    @extend_schema(request=None, responses=serializers.WithdrawnSerializer)
    def post(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        done = withdrawal.withdraw(self.consent.id)
        return Response(serializers.WithdrawnSerializer({"status": "withdrawn", **asdict(done)}).data)
