"""Certificates of destruction: kind and exact accounts of an erasure, signed so that they can be checked offline."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import rfc8785
from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.models import ConsentRecord
from consent.succession import heir_of
from governance.certificate_words import in_plain_words, remains
from governance.hold_models import LegalHold
from governance.models import DestructionCertificate
from tenancy import signing
from tenancy.destroyed import Destroyed
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import current_organisation

SCHEMA_VERSION = "vivavoce-certificate-of-destruction-1"


@dataclass(frozen=True)
class Occasion:
    """Why something is erased, in the words that permits, clips and the certificate use."""

    rule: str
    explanation: str
    way_forward: str
    clip: str

    def objection(self) -> dict[str, Any]:
        """The reason as permits and decisions keep it."""
        return {
            "rule": self.rule,
            "effect": "deny",
            "explanation": self.explanation,
            "way_forward": self.way_forward,
            "measured": {},
        }


_ASK_AGAIN = "Ask the speaker for a new one."
_OCCASIONS = {
    "consent-withdrawn": Occasion(
        "consent-withdrawn",
        "The speaker has withdrawn their consent.",
        _ASK_AGAIN,
        "the speaker has withdrawn their consent",
    ),
    "consent-expired": Occasion(
        "consent-expired", "The consent has run out.", "Ask the speaker to renew it.", "the consent has run out"
    ),
}


def occasion(reason: str) -> Occasion:
    """The wording of a reason; one that has none of its own is the retention schedule's."""
    explanation = "The time for which the voice may be kept is over."
    return _OCCASIONS.get(reason) or Occasion(reason, explanation, _ASK_AGAIN, "the voice is kept no longer")


@dataclass(frozen=True)
class Account:
    """Everything that a certificate tells."""

    speaker_id: UUID
    consent_id: UUID | None
    consents: tuple[UUID, ...]
    occasion: Occasion
    items: tuple[Destroyed, ...]
    voices: int
    permits: int
    clips: int
    releases: int
    key_shredded: bool
    holds: tuple[LegalHold, ...]
    entry_id: UUID

    @property
    def postponed(self) -> bool:
        """Whether a legal hold keeps the voice itself."""
        return any(hold.covers_biometric for hold in self.holds)

    @property
    def key_state(self) -> str:
        """What became of the subject's key and secret."""
        if self.key_shredded:
            return "destroyed"
        return "kept under a legal hold" if self.postponed else "kept for another consent"

    def counts(self) -> dict[str, int]:
        """How many objects of each kind were destroyed."""
        kinds = sorted({item.kind for item in self.items})
        return {kind: sum(item.kind == kind for item in self.items) for kind in kinds}


def issue(account: Account) -> DestructionCertificate:
    """Sign and keep the certificate of an erasure, and put its hash on record."""
    certificate_id = new_id()
    body = _body(account, certificate_id)
    payload = canonical(body)
    key_id, signature = signing.sign(payload)
    certificate = DestructionCertificate.objects.create(
        id=certificate_id,
        organisation_id=current_organisation(),
        speaker_id=account.speaker_id,
        consent_id=account.consent_id,
        reason=account.occasion.rule,
        key_shredded=account.key_shredded,
        entry_id=account.entry_id,
        body=body,
        signature=signature,
        key_id=key_id,
    )
    data = {"sha256": hashlib.sha256(payload).hexdigest(), "erasure": str(account.entry_id)}
    append(Event.CERTIFICATE_ISSUED, refs={"speaker": account.speaker_id}, data=data)
    return certificate


def of_consent(consent_id: UUID, *, speaker_id: UUID) -> DestructionCertificate | None:
    """The latest certificate that a speaker should see who asks about a consent: its own, or that of everything.

    Where another took its place, what stood on it was destroyed with that one.
    """
    issued = DestructionCertificate.objects.filter(speaker_id=speaker_id).order_by("-issued_at")
    consent_id = heir_of(ConsentRecord.objects.get(id=consent_id)).id
    return issued.filter(consent_id=consent_id).first() or issued.filter(key_shredded=True).first()


def canonical(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: the JSON Canonicalization Scheme (RFC 8785)."""
    return rfc8785.dumps(dict(body))


def verify(body: Mapping[str, Any], *, signature: str, key_id: str) -> bool:
    """Whether we signed exactly this body."""
    return signing.verify(canonical(body), signature=signature, key_id=key_id)


def as_document(certificate: DestructionCertificate) -> dict[str, Any]:
    """The certificate as it is handed out: body, signature, and the key with which to check it."""
    return {
        "certificate": certificate.body,
        "signature": certificate.signature,
        "key_id": certificate.key_id,
        "public_key": base64.urlsafe_b64encode(signing.public_key(certificate.key_id)).rstrip(b"=").decode(),
    }


def _body(account: Account, certificate_id: UUID) -> dict[str, Any]:
    organisation = Organisation.objects.get(id=current_organisation())
    now = timezone.now()
    left = remains(account, now=now)
    return {
        "schema_version": SCHEMA_VERSION,
        "certificate_id": str(certificate_id),
        "issued_at": now.isoformat(),
        "speaker_id": str(account.speaker_id),
        "consent_id": None if account.consent_id is None else str(account.consent_id),
        "consents": [str(consent) for consent in account.consents],
        "organisation": {"id": str(organisation.id), "name": organisation.name},
        "postponed_by_legal_hold": account.postponed,
        "occasion": {"reason": account.occasion.rule, "explanation": account.occasion.explanation},
        "in_plain_words": in_plain_words(account, organisation=organisation.name, left=left),
        "destroyed": {
            "counts": account.counts(),
            "objects": [_item(item) for item in account.items],
            "voices_erased": account.voices,
            "permits_voided": account.permits,
            "clips_stopped": account.clips,
            "subject_key": account.key_state,
            "subject_secret": account.key_state,
            "files": "each object's file is deleted from storage as soon as the erasure is committed",
        },
        "not_destroyed": left,
        "how_to_check": _how_to_check(account),
    }


def _item(item: Destroyed) -> dict[str, Any]:
    return {"kind": item.kind, "id": str(item.object_id), "sha256": item.sha256}


def _how_to_check(account: Account) -> dict[str, Any]:
    return {
        "signature": "Ed25519 (RFC 8032) over `certificate` in the JSON Canonicalization Scheme (RFC 8785)",
        "event_id": str(account.entry_id),
        "log": settings.LOG_ORIGIN,
        "steps": [
            "Write `certificate` canonically; verify `signature` over it with the public key that `key_id` names.",
            "Ask for that key apart from this document too, and compare.",
            "Ask the organisation for the inclusion proof of `event_id`: it shows offline that `log` holds this event.",
            "The log also holds an event subject:certificate:issued with the SHA-256 of the canonical form.",
            "`sha256` of an object is that of its content: compare it with a copy of a recording that you kept.",
        ],
    }
