"""The rows of the record: its entries, the leaves made of them, and the checkpoints that were published over those."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from tenancy.models import TenantModel


class Entry(TenantModel):
    """One audit event. The database stamps `occurred_at` and `sequence` itself and refuses every later change.

    `commitments` are the SHA-256 values, one after the other, that its leaf in the log will carry (`audit.leaves`);
    an entry that was written before there was a log has none. Another trigger stages the entry for the sequencer.
    """

    sequence = models.BigIntegerField(unique=True, editable=False, db_default=0)
    event = models.CharField(max_length=64)
    actor = models.CharField(max_length=64)
    occurred_at = models.DateTimeField(editable=False, db_default=Now())
    refs = models.JSONField()
    data = models.JSONField()
    commitments = models.BinaryField(db_default=b"")

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


class Staged(models.Model):
    """A committed entry that waits for its place in the log; only the entry's own trigger can put one here."""

    entry_id = models.UUIDField(primary_key=True)
    event = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    organisation_id = models.UUIDField()
    commitments = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.entry_id} {self.event}"


class Leaf(models.Model):
    """One leaf of the log at its place for ever: the canonical bytes and their RFC 9162 leaf hash."""

    index = models.BigIntegerField(primary_key=True)
    entry_id = models.UUIDField(unique=True)
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField()

    class Meta:
        verbose_name_plural = "leaves"
        constraints = [
            models.CheckConstraint(condition=models.Q(index__gte=0), name="leaf_index_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.index} {self.entry_id}"


class LogState(models.Model):
    """The one row that says how far the log has grown: its size, its root, and the compact range it grows from."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField()
    root = models.BinaryField()
    range = models.BinaryField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_log_state")]

    def __str__(self) -> str:
        return f"{self.size} leaves"


class Checkpoint(models.Model):
    """A signed statement of the log's size and root; `cosigned` holds the same note with what witnesses added."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    cosigned = models.TextField(default="", blank=True)
    witnessed = models.BooleanField(default=False)
    published_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.size} leaves, {'witnessed' if self.witnessed else 'not witnessed'}"


class TimestampStatus(models.TextChoices):
    """`requested` waits for its first answer, `failed` for a further attempt, `granted` is for good."""

    REQUESTED = "requested"
    GRANTED = "granted"
    FAILED = "failed"


class Timestamp(models.Model):
    """An RFC 3161 time-stamp over the signed note of a checkpoint, asked of one authority until it is granted.

    `token` is the whole TimeStampResp in DER; not every byte of it is under the authority's signature, so
    `token_hash` (SHA-256) shows damage to the others.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="timestamps")
    authority = models.URLField(max_length=500)
    status = models.CharField(max_length=9, choices=TimestampStatus, default=TimestampStatus.REQUESTED)
    token = models.BinaryField(null=True)
    token_hash = models.BinaryField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, db_default=Now())
    granted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "authority"], name="one_timestamp_per_authority"),
            models.CheckConstraint(
                condition=models.Q(status__in=["requested", "failed"], token=None, token_hash=None, granted_at=None)
                | models.Q(status="granted", token__isnull=False, token_hash__isnull=False, granted_at__isnull=False),
                name="granted_timestamp_has_its_token",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} leaves, {self.authority}: {self.status}"


class Recovery(models.Model):
    """Leaves that a restored database took over from the published log: their entries were lost with the old one."""

    first = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField()
    recovered_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "recoveries"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first__gte=0, size__gt=models.F("first")), name="recovery_spans_leaves"
            ),
        ]

    def __str__(self) -> str:
        return f"leaves {self.first} to {self.size - 1}"
