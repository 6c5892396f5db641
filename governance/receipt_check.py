"""What may be said about a receipt that somebody was shown: whether we signed it, what it says, whether it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from consent import receipt_finding, receipt_standing, receipt_token
from consent.errors import LinkError, ReceiptError

UNKNOWN, FORGED = "unknown", "forged"
MEANINGS = {"valid": "permit", "superseded": "hold"}  # everything else means that nothing may be made


@dataclass(frozen=True)
class Answer:
    """`verdict` is a standing, `unknown` or `forged`; `claims` are what the receipt says, and empty if it is forged."""

    verdict: str
    claims: Mapping[str, Any]
    at: datetime

    @property
    def meaning(self) -> str:
        """How it looks: permit, hold or deny."""
        return MEANINGS.get(self.verdict, "deny")


def of_text(text: str) -> Answer:
    """About a pasted receipt; raises `ReceiptError` (receipt-incomplete) where it is not all there."""
    return _about(receipt_finding.in_text(text))


def of_file(content: bytes) -> Answer:
    """About the receipt in a file; raises `ReceiptError` where there is not exactly one."""
    return _about(receipt_finding.in_file(content))


def of_number(number: str) -> str:
    """The standing of the receipt with this number, or `unknown`; the number alone proves nothing about a page."""
    try:
        return receipt_standing.standing_of(UUID(number)).value
    except (LinkError, ValueError):
        return UNKNOWN


def _about(token: str) -> Answer:
    now = timezone.now()
    try:
        said = receipt_token.verify_presentation(token)
    except ReceiptError as error:
        if error.code == "receipt-incomplete":
            raise
        return Answer(FORGED, {}, at=now)
    return Answer(of_number(str(said.receipt_id)), said.claims, at=now)
