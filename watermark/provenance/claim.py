"""What a manifest claims about a clip: where it comes from and what it stands on, and nothing about any person."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from watermark.duties import Sign

MARK_ALG = "org.vivavoce.keyed.1"
"""Our own name for the keyed mark; it is not registered in C2PA's list of soft-binding algorithms."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Claim:
    """What a manifest says; every field is pseudonymous.

    Attributes:
        clip_id: Which clip; the value of the soft binding, where there is one.
        consent_receipt_sha256: Of the receipt of the consent that it was made under, lower-case hex.
        log_index: Of its entry in the transparency log, None while it is not sequenced yet.
        log_origin: The log's name.
        mark_alg: Of the watermark that leads back to the manifest, None where the clip bears no such mark.
        made_at: When, with a time zone.
        language: Of what is spoken (BCP 47).
        title: Shown by readers of manifests; it names no person and repeats none of the words.
        disclosure: What can be heard at the start, saying that the speech is synthetic.
        disclosure_seconds: How long that is, with the pause after it.
    """

    clip_id: UUID
    consent_receipt_sha256: str
    log_index: int | None
    log_origin: str
    mark_alg: str | None
    made_at: datetime
    language: str
    title: str
    disclosure: Sign = Sign.NONE
    disclosure_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.consent_receipt_sha256):
            raise ValueError("A receipt is named by its SHA-256: 64 lower-case hexadecimal digits.")
        if self.made_at.tzinfo is None:
            raise ValueError("The time at which a clip was made has a time zone.")

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "clip_id": str(self.clip_id),
            "consent_receipt_sha256": self.consent_receipt_sha256,
            "log_index": self.log_index,
            "log_origin": self.log_origin,
            "mark_alg": self.mark_alg,
            "made_at": self.made_at.isoformat(),
            "language": self.language,
            "title": self.title,
            "disclosure": {"kind": self.disclosure.value, "seconds": self.disclosure_seconds},
        }


def binding_value(clip_id: UUID) -> str:
    """The value of the soft binding: the clip's 16 bytes in base64."""
    return base64.b64encode(clip_id.bytes).decode()


def clip_of_binding(value: str) -> UUID | None:
    """The clip that a binding's value names, None where it names none."""
    try:
        return UUID(bytes=base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return None
