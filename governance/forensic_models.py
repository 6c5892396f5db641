"""Forensic examinations in rows: what was handed in, its chain of custody, and who asked the public detector lately."""

from __future__ import annotations

from django.db import models

from tenancy.models import TenantModel


class ExaminationStatus(models.TextChoices):
    """An examination is received once and ends in one of two ways."""

    RECEIVED = "received"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class WebhookState(models.TextChoices):
    """What became of the message that an examination has ended; empty where nobody asked for one."""

    NONE = ""
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given-up"


class Examination(TenantModel):
    """A file that somebody asks a question about, under a case number, and what was found.

    The original bytes lie sealed under `blob` as they came; the protocol was fixed, and its hash put on record by the
    entry `protocol_entry_id`, before they were decoded. The application may change neither what came in nor the
    protocol: the database grants it UPDATE on the other columns alone.
    """

    case_number = models.CharField(max_length=100)
    question = models.TextField()
    claimed_clips = models.JSONField(default=list)
    requested_by = models.CharField(max_length=100)
    filename = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    blob = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=16, choices=ExaminationStatus.choices, default=ExaminationStatus.RECEIVED)
    progress = models.FloatField(default=0.0)
    attempts = models.PositiveSmallIntegerField(default=0)
    protocol = models.JSONField()
    protocol_sha256 = models.CharField(max_length=64)
    protocol_entry_id = models.UUIDField()
    result = models.JSONField(default=dict)
    explanation = models.TextField(blank=True)
    received_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    webhook_url = models.CharField(max_length=500, blank=True)
    webhook_state = models.CharField(max_length=16, choices=WebhookState.choices, default=WebhookState.NONE, blank=True)
    webhook_attempts = models.PositiveSmallIntegerField(default=0)
    webhook_due_at = models.DateTimeField(null=True, blank=True)
    webhook_answer = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "case_number"], name="examination_by_case")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ExaminationStatus.values), name="examination_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(webhook_state__in=WebhookState.values), name="webhook_state_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(case_number="") & ~models.Q(question=""), name="examination_has_case_and_question"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["received", "running"], completed_at__isnull=True)
                | models.Q(status__in=["completed", "failed"], completed_at__isnull=False),
                name="examination_ended_at_its_end",
            ),
            models.CheckConstraint(
                condition=models.Q(progress__gte=0.0, progress__lte=1.0), name="examination_progress_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"examination {self.id}"


class CustodyAction(models.TextChoices):
    """What can be done with digital evidence (after ISO/IEC 27037)."""

    RECEIVED = "received"
    SEALED = "sealed"
    OPENED = "opened"
    DECODED = "decoded"
    EXAMINED = "examined"
    COMPLETED = "completed"
    HANDED_OUT = "handed-out"
    DELETED = "deleted"


class CustodyEvent(TenantModel):
    """One link of a chain of custody: what came in, what went out, and the hash of the link before.

    The first link's `previous_sha256` is the original's own hash. The table only grows, and the database itself
    refuses a link that does not follow on the last one.
    """

    examination = models.ForeignKey(Examination, on_delete=models.PROTECT, related_name="custody")
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=100)
    action = models.CharField(max_length=16, choices=CustodyAction.choices)
    in_sha256 = models.CharField(max_length=64)
    out_sha256 = models.CharField(max_length=64, blank=True)
    tool = models.CharField(max_length=200, blank=True)
    parameters = models.JSONField(default=dict)
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["examination", "sequence"], name="one_custody_event_per_place"),
            models.CheckConstraint(condition=models.Q(action__in=CustodyAction.values), name="custody_action_known"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.action}"


class WebhookSecret(TenantModel):
    """A secret that messages are signed with; it is derived from `purpose`, not stored.

    The one without `retires_at` is the present one. An organisation without a row has never rotated.
    """

    purpose = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)
    retires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "purpose"], name="one_webhook_secret_per_purpose"),
            models.UniqueConstraint(
                fields=["organisation"],
                condition=models.Q(retires_at__isnull=True),
                name="one_present_webhook_secret",
            ),
        ]

    def __str__(self) -> str:
        return f"webhook secret {self.id}"


class DetectorCall(models.Model):
    """Somebody used the public detector; from where is kept as a keyed hash, for an hour, and nothing else is."""

    address_hash = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["address_hash", "at"], name="detector_call_by_address")]

    def __str__(self) -> str:
        return f"call at {self.at:%Y-%m-%d %H:%M}"
