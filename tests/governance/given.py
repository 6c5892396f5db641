"""A consent that was given, with its receipt and the link to it, written without a ceremony."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from consent import receipts
from consent.models import ConsentPurpose, ConsentRecord, Receipt, Speaker
from tenancy import keyring
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


@dataclass(frozen=True)
class Given:
    """What there is once a speaker has said yes; `token` is the secret of their own link."""

    organisation: Organisation
    consent: ConsentRecord
    receipt: Receipt
    token: str

    def address(self, form: str = "") -> str:
        return f"/v1/receipts/{self.token}{form}"


def give(organisation: Organisation, **changes: Any) -> Given:
    with organisation_scope(organisation.id, actor="system"):
        speaker = Speaker.objects.create(organisation=organisation, name="Amara Okafor")
        keyring.seal(b"any", subject_id=speaker.id, kind="test", object_id=speaker.id)
        now = timezone.now()
        terms = {
            "languages": ["en"],
            "intended_use": "Audiobooks for children, read aloud in our own app",
            "territory": ["IE", "GB"],
            "compensation": "300 euros for each book",
            "recipients": ["Soundwell Ltd"],
            "locale": "en",
            "notice_version": "en-1",
            "notice_text": "May Northwind make a copy of your voice?",
            "notice_sha256": "ab" * 32,
            "statement": "I am Amara Okafor. I agree that Northwind may make and use my voice.",
            "valid_until": now + timedelta(days=30),
            "evidence": {"recording_sha256": "cd" * 32},
        }
        consent = ConsentRecord.objects.create(
            organisation=organisation, speaker=speaker, status="given", given_at=now, **{**terms, **changes}
        )
        for purpose in ("narration", "games"):
            ConsentPurpose.objects.create(
                organisation=organisation, consent=consent, speaker=speaker, purpose=purpose, active=True
            )
        receipt = receipts.issue(consent)
        return Given(organisation, consent, receipt, receipts.new_link(receipt))
