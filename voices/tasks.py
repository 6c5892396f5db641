"""Voices' tasks on the queue; each may run twice, and a lost message is sent again."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from voices import offers


@shared_task(name=offers.TASK)
def check_offer(organisation_id: str, offer_id: str) -> None:
    """Listen to one sentence that a speaker recorded."""
    offers.check(UUID(offer_id), organisation_id=UUID(organisation_id))


@shared_task(name="voices.resend_offers")
def resend_offers() -> None:
    """Send sentences again whose message was lost."""
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with organisation_scope(organisation_id, actor="system"):
            offers.resend()
