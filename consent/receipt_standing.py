"""Whether a receipt still stands, said live to whoever holds it, and nothing else about it."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from django.utils import timezone

from consent.errors import LinkError
from consent.models import ConsentRecord, ConsentStatus, Receipt
from tenancy.scope import organisation_scope, token_scope
from tenancy.tokens import hash_token


class Standing(StrEnum):
    """What may be said about a receipt to anyone; only `valid` permits anything."""

    VALID = "valid"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


def hash_of(receipt_id: UUID) -> str:
    """What a receipt is found by; its identifier holds 74 random bits and is told to nobody but its holder."""
    return hash_token(f"receipt:{receipt_id}")


def standing_of(receipt_id: UUID) -> Standing:
    """The standing at this moment, outside any scope.

    Raises `LinkError` (receipt-unknown) for a receipt that we never issued, or whose proof was destroyed since.
    """
    with token_scope(hash_of(receipt_id)):
        receipt = Receipt.objects.filter(standing_hash=hash_of(receipt_id)).first()
    if receipt is None:
        raise LinkError("receipt-unknown", "Nothing is known of this receipt, or nothing any more.")
    with organisation_scope(receipt.organisation_id, actor="system"):
        consent = ConsentRecord.objects.get(id=receipt.consent_id)
        latest = Receipt.objects.filter(consent=consent).latest("issued_at", "id")
    return _standing(consent, latest=latest.id == receipt.id)


def _standing(consent: ConsentRecord, *, latest: bool) -> Standing:
    if consent.status != ConsentStatus.GIVEN:
        return Standing(consent.status)  # any state that is none of these was never given, and has no receipt
    if not latest:
        return Standing.SUPERSEDED
    return Standing.VALID if consent.valid_until > timezone.now() else Standing.EXPIRED
