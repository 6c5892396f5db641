"""The queue's tasks of the retention schedule: one message for each organisation; running them twice does no harm."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from governance.retention import job
from tenancy.models import Organisation


@shared_task(name="governance.enforce_retention")
def enforce_retention() -> None:
    """Have every organisation's retention enforced."""
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        enforce_retention_of.delay(str(organisation_id))


@shared_task(name="governance.enforce_retention_of")
def enforce_retention_of(organisation_id: str) -> None:
    """Destroy what is due in one organisation."""
    job.enforce(UUID(organisation_id))
