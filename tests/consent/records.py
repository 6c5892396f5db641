"""Rows as the ceremony leaves them, written without a ceremony."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from consent.models import ConsentPurpose, ConsentRecord, Speaker

EVIDENCE = {"word_error_rate": 0.05, "recording_sha256": "ab" * 32, "transcript": "I am Amara. I agree."}


def consent_of(speaker: Speaker, *purposes: str, days: float = 30, status: str = "requested") -> ConsentRecord:
    """A consent as the ceremony leaves it, written straight into its row."""
    now = timezone.now()
    consent = ConsentRecord.objects.create(
        organisation_id=speaker.organisation_id,
        speaker=speaker,
        status=status,
        languages=["en"],
        intended_use="Audiobooks",
        locale="en",
        notice_version="en-1",
        notice_text="",
        notice_sha256="",
        statement="",
        valid_until=now + timedelta(days=days),
        given_at=None if status == "requested" else now,
    )
    for purpose in purposes:
        ConsentPurpose.objects.create(
            organisation_id=speaker.organisation_id, consent=consent, speaker=speaker, purpose=purpose
        )
    return consent
