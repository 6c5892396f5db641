"""Rows as the ceremony leaves them, written without a ceremony."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from consent.models import ConsentPurpose, ConsentRecord, Speaker
from consent.notice import current_version

EVIDENCE = {"word_error_rate": 0.05, "recording_sha256": "ab" * 32, "transcript": "I am Amara. I agree."}


def consent_of(
    speaker: Speaker,
    *purposes: str,
    days: float = 30,
    status: str = "requested",
    replaces: ConsentRecord | None = None,
) -> ConsentRecord:
    """A consent as the ceremony leaves it, written straight into its row, in the wording of today."""
    now, version = timezone.now(), current_version("en")
    assert version is not None
    consent = ConsentRecord.objects.create(
        organisation_id=speaker.organisation_id,
        speaker=speaker,
        status=status,
        languages=["en"],
        intended_use="Audiobooks for children, read aloud in our own app",
        territory=["GB", "IE"],
        compensation="300 euros for each book",
        locale="en",
        notice_version=version,
        notice_text="",
        notice_sha256="",
        statement="",
        replaces=replaces,
        valid_until=now + timedelta(days=days),
        given_at=None if status == "requested" else now,
    )
    for purpose in purposes:
        ConsentPurpose.objects.create(
            organisation_id=speaker.organisation_id, consent=consent, speaker=speaker, purpose=purpose
        )
    return consent
