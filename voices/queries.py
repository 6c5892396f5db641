"""What other rooms may ask about voices without opening the vault."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from voices.models import Voice, VoiceStatus


def voices_of(consent_id: UUID) -> QuerySet[Voice]:
    """Every voice that stands on a consent and has not been erased, oldest first."""
    return Voice.objects.filter(consent_id=consent_id).exclude(status=VoiceStatus.ERASED).order_by("id")


def status_of(voice_id: UUID) -> str | None:
    """Where a voice stands; None where there is no such voice in the organisation at hand."""
    return Voice.objects.filter(id=voice_id).values_list("status", flat=True).first()
