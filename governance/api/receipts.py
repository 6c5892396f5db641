"""The receipt's other forms: on paper, as a token of which one shows parts, with its proof; and whether it stands."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from audit import proving
from audit.errors import NotProvableYetError
from consent import receipt_pdf, receipt_standing, receipt_token
from consent.links import LinkKind
from consent.models import ConsentRecord, Receipt
from governance.api.audit import shown_entry
from governance.api.base import SpeakerView
from governance.api.serializers import ProblemSerializer
from governance.api.speakers import ReceiptNotReadyError, absolute
from governance.api.transparency import PublicView

PROBLEM = {"4XX": ProblemSerializer}
SD_JWT_TYPE = "application/sd-jwt"
PRIVATE = {"Cache-Control": "no-store"}


class CopySerializer(serializers.Serializer[Any]):
    """Whose copy is wanted: one's own, with the secret link, or one to show to others, without it."""

    copy = serializers.ChoiceField(choices=["mine", "to-show"], default="mine")


class StandingSerializer(serializers.Serializer[Any]):
    """Whether a receipt still stands."""

    status = serializers.ChoiceField(choices=[standing.value for standing in receipt_standing.Standing])


class LogEvidenceSerializer(serializers.Serializer[Any]):
    """The receipt's entry in the log with what opens it, and the proof (C2SP tlog-proof) that it is there."""

    entry = serializers.JSONField()
    tlog_proof = serializers.CharField()


class ReceiptFileView(SpeakerView):
    """A form of the receipt that is no JSON, whatever the caller says that it accepts."""

    kind: ClassVar[LinkKind] = "receipt"

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: ARG002 - as there
        return super().perform_content_negotiation(request, force=True)

    def receipt(self) -> Receipt:
        return printable(self.consent)


class PdfView(ReceiptFileView):
    """The receipt on one page, with the signed original and the log's proof attached."""

    @extend_schema(parameters=[CopySerializer], responses={(200, "application/pdf"): OpenApiTypes.BINARY, **PROBLEM})
    def get(self, request: Request, token: str) -> HttpResponse:
        ask = CopySerializer(data=request.query_params)
        ask.is_valid(raise_exception=True)
        receipt = self.receipt()
        mine = ask.validated_data["copy"] == "mine"
        page = printed(receipt, own_link=absolute(request, f"/r/{token}") if mine else None)
        name = f"vivavoce-receipt-{receipt.issued_at:%Y-%m-%d}{'' if mine else '-to-show'}.pdf"
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(page, content_type="application/pdf", headers=headers)


class SdJwtView(ReceiptFileView):
    """The receipt as an SD-JWT (RFC 9901): all of it, or a presentation that shows what `disclose` names."""

    @extend_schema(
        parameters=[
            OpenApiParameter("disclose", str, many=True, description="Such as `purposes.narration`; or empty.")
        ],
        responses={(200, SD_JWT_TYPE): OpenApiTypes.STR, **PROBLEM},
    )
    def get(self, request: Request, token: str) -> HttpResponse:  # noqa: ARG002 -- the link is read by the base view
        found = self.receipt().sd_jwt
        if "disclose" in request.query_params:
            wanted = [path for path in request.query_params.getlist("disclose") if path]
            found = receipt_token.present(found, disclose=wanted)
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{receipt_pdf.ATTACHMENT}"'}
        return HttpResponse(found, content_type=SD_JWT_TYPE, headers=headers)


class ProofView(ReceiptFileView):
    """That the log has an entry about this very receipt: `verify_receipt.py` takes the answer as it is."""

    @extend_schema(responses={200: LogEvidenceSerializer, **PROBLEM})
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        return Response(_evidence(self.receipt()), headers=PRIVATE)


class StandingView(PublicView):
    """One word, to anyone who knows the receipt's number."""

    @extend_schema(responses={200: StandingSerializer, **PROBLEM})
    def get(self, _request: Request, receipt_id: UUID) -> Response:
        return Response({"status": receipt_standing.standing_of(receipt_id).value}, headers=PRIVATE)


def printable(consent: ConsentRecord) -> Receipt:
    """The latest receipt that was signed as an SD-JWT and logged; raises `ReceiptNotReadyError` where there is none."""
    found = Receipt.objects.filter(consent=consent).exclude(sd_jwt="").order_by("issued_at", "id").last()
    if found is None or found.log_entry is None:
        raise ReceiptNotReadyError("There is no receipt of this kind.")
    return found


def printed(receipt: Receipt, *, own_link: str | None) -> bytes:
    """The receipt as a PDF; with its holder's secret link only on their own copy."""
    evidence = _evidence_if_there(receipt)
    printing = receipt_pdf.Printing(
        sd_jwt=receipt.sd_jwt,
        key_id=receipt.key_id,
        check_url=f"{settings.PUBLIC_URL}/verify?receipt={receipt.id}",
        own_link=own_link,
        logged=evidence["entry"]["log"]["index"] if evidence else None,
        proof=JSONRenderer().render(evidence) if evidence else None,
    )
    return receipt_pdf.render(receipt.body, printing)


def _evidence(receipt: Receipt) -> dict[str, Any]:
    """The entry and its proof; raises `NotProvableYetError` before the log has taken the entry up."""
    assert receipt.log_entry is not None  # noqa: S101 -- `receipt()` gives no other
    proof = proving.proof_of(receipt.log_entry)
    return {"entry": shown_entry(receipt.log_entry), "tlog_proof": proof.text}


def _evidence_if_there(receipt: Receipt) -> dict[str, Any] | None:
    try:
        return _evidence(receipt)
    except NotProvableYetError:
        return None
