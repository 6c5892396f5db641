"""Signed receipts for speakers, with the fields of a consent record and receipt after ISO/IEC TS 27560:2023."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import links, receipt_standing, receipt_token
from consent.manner import manner_of
from consent.models import ConsentRecord, Receipt
from consent.scope import Purpose
from consent.wording import wording
from tenancy import signing
from tenancy.ids import new_id

SCHEMA_VERSION = "vivavoce-consent-receipt-1"
LINK_OUTLIVES_CONSENT_BY = timedelta(days=365)


def issue(consent: ConsentRecord) -> Receipt:
    """Sign and keep the receipt of a given consent; the log's entry binds both of its forms."""
    receipt_id = new_id()
    body = _body(consent, receipt_id=str(receipt_id))
    payload = canonical(body)
    key_id, signature = signing.sign(payload)
    sd_jwt = receipt_token.issue(body)
    jwt, _ = receipt_token.split(sd_jwt)
    data = {"sha256": hashlib.sha256(payload).hexdigest(), "sd_jwt_sha256": hashlib.sha256(jwt.encode()).hexdigest()}
    refs = {"consent": consent.id, "speaker": consent.speaker_id}
    return Receipt.objects.create(
        id=receipt_id,
        organisation_id=consent.organisation_id,
        consent=consent,
        body=body,
        signature=signature,
        key_id=key_id,
        sd_jwt=sd_jwt,
        standing_hash=receipt_standing.hash_of(receipt_id),
        log_entry=append(Event.CONSENT_RECEIPT_ISSUED, refs=refs, data=data),
    )


def latest(consent: ConsentRecord) -> Receipt | None:
    """The receipt that counts: of one that was narrowed it is the last, and says what was taken back."""
    return Receipt.objects.filter(consent=consent).order_by("-issued_at", "-id").first()


def new_link(receipt: Receipt) -> str:
    """The token of a link to the speaker's own page; it works until a year after the consent ends."""
    expires_at = receipt.consent.valid_until + LINK_OUTLIVES_CONSENT_BY
    return links.new_link(receipt.consent, kind="receipt", expires_at=expires_at)


def canonical(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON in UTF-8, keys sorted, no spaces."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def verify(body: Mapping[str, Any], *, signature: str, key_id: str) -> bool:
    """Whether we signed exactly this body."""
    return signing.verify(canonical(body), signature=signature, key_id=key_id)


def _body(consent: ConsentRecord, *, receipt_id: str) -> dict[str, Any]:
    words = wording(consent.locale)
    named = consent.purposes.order_by("purpose")
    purposes = [Purpose(purpose.purpose) for purpose in named.filter(taken_back_at__isnull=True)]
    given_at = consent.given_at
    return {
        "schema_version": SCHEMA_VERSION,
        "receipt_id": receipt_id,
        "record_id": str(consent.id),
        "issued_at": timezone.now().isoformat(),
        "language": consent.locale,
        "pii_principal": {"id": str(consent.speaker_id), "name": consent.speaker.name},
        "pii_controller": {"id": str(consent.organisation_id), "name": consent.organisation.name},
        "notice": {"version": consent.notice_version, "sha256": consent.notice_sha256, "text": consent.notice_text},
        "purposes": [{"purpose": p.value, "description": words.purposes[p].explained} for p in purposes],
        "purposes_taken_back": [
            {"purpose": purpose.purpose, "at": purpose.taken_back_at.isoformat()}
            for purpose in named
            if purpose.taken_back_at is not None
        ],
        "clips_may_be_distributed": consent.clips_may_be_distributed,
        "replaces": str(consent.replaces_id) if consent.replaces_id else None,
        "intended_use": consent.intended_use,
        "territory": consent.territory,
        "compensation": consent.compensation,
        "recipients": consent.recipients,
        "languages_spoken": sorted(consent.languages),
        "pii_types": ["voice recordings", "voice reference (biometric)", "name"],
        "lawful_basis": "explicit consent",
        "jurisdictions": consent.jurisdictions,
        "retention": "/retention",
        "consent": {
            **manner_of(consent.evidence),
            "statement": consent.statement,
            "requested_at": consent.requested_at.isoformat(),
            "notice_shown_at": consent.notice_shown_at.isoformat() if consent.notice_shown_at else None,
            "given_at": given_at.isoformat() if given_at else None,
            "valid_until": consent.valid_until.isoformat(),
            "recording_sha256": consent.evidence.get("recording_sha256"),
        },
        "withdrawal": {
            "path": "/v1/receipts/{token}/withdraw",
            "method": "POST",
            "explanation": "Open your receipt's link and take back your yes; no reason is needed.",
        },
    }
