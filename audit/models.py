"""The entries of the record: who did what, when, to which rows; never who a person is."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from tenancy.models import TenantModel


class Entry(TenantModel):
    """One audit event. The database stamps `occurred_at` and `sequence` itself and refuses every later change.

    `sequence` is where a Merkle tree attaches: a sequencer may take entries as leaves in this order. Numbers are
    given on insertion, not on commit, so it must consume rows rather than remember the last number it saw.
    """

    sequence = models.BigIntegerField(unique=True, editable=False, db_default=0)
    event = models.CharField(max_length=64)
    actor = models.CharField(max_length=64)
    occurred_at = models.DateTimeField(editable=False, db_default=Now())
    refs = models.JSONField()
    data = models.JSONField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(event__regex=r"^[a-z-]+:[a-z-]+:[a-z-]+$"), name="event_is_subject_part_action"
            ),
            models.CheckConstraint(
                condition=models.Q(actor__regex=r"^(system|(api-key|member|speaker):[0-9a-f-]+)$"),
                name="actor_names_no_person",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "sequence"], name="entry_in_order"),
            GinIndex(fields=["refs"], opclasses=["jsonb_path_ops"], name="entry_refs"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.event}"
