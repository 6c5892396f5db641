"""Speakers, what they were asked and agreed to, their receipts, and what they were reminded of."""

from __future__ import annotations

from django.db import models

from tenancy.models import TenantModel


class Speaker(TenantModel):
    """The person whose voice it is, as one organisation knows them; `contact_blob` is their sealed e-mail address."""

    name = models.CharField(max_length=200)
    contact_blob = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class ConsentStatus(models.TextChoices):
    """Where a consent stands; only `given` permits anything. A superseded one ended because another took its place."""

    REQUESTED = "requested"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class ConsentRecord(TenantModel):
    """What a speaker was asked, in the words they were shown, and what became of it.

    `jurisdictions` names whose laws on keeping and destroying apply (`US-IL`); none means all that are known.
    `territory` says where the voice may be used; `adult` is what the speaker said of their age, None before that.
    `replaces` is the consent whose place this one takes, or would take, once it is given.
    """

    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="consents")
    status = models.CharField(max_length=16, choices=ConsentStatus.choices, default=ConsentStatus.REQUESTED)
    languages = models.JSONField()
    jurisdictions = models.JSONField(default=list, blank=True)
    intended_use = models.TextField()
    territory = models.JSONField(default=list, blank=True)
    compensation = models.TextField(blank=True)
    recipients = models.JSONField(default=list, blank=True)
    clips_may_be_distributed = models.BooleanField(default=False)
    locale = models.CharField(max_length=16)
    notice_version = models.CharField(max_length=32)
    notice_text = models.TextField()
    notice_sha256 = models.CharField(max_length=64)
    statement = models.TextField()
    valid_until = models.DateTimeField()
    requested_at = models.DateTimeField(auto_now_add=True)
    notice_shown_at = models.DateTimeField(null=True, blank=True)
    adult = models.BooleanField(null=True, blank=True)
    given_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    proof_destroyed_at = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["replaces"], condition=models.Q(given_at__isnull=False), name="one_consent_takes_the_place"
            ),
            models.CheckConstraint(condition=models.Q(status__in=ConsentStatus.values), name="consent_status_known"),
            models.CheckConstraint(
                condition=~models.Q(status=ConsentStatus.GIVEN) | models.Q(given_at__isnull=False),
                name="given_consent_has_a_time",
            ),
        ]


class ConsentPurpose(TenantModel):
    """One purpose of one consent; at most one active per speaker, organisation and purpose.

    `taken_back_at` is when the speaker took back this purpose alone, while the consent went on.
    """

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="purposes")
    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=64)
    active = models.BooleanField(default=False)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consent", "purpose"], name="purpose_named_once_per_consent"),
            models.UniqueConstraint(
                fields=["organisation", "speaker", "purpose"],
                condition=models.Q(active=True),
                name="one_active_consent_per_purpose",
            ),
            models.CheckConstraint(
                condition=models.Q(active=False) | models.Q(taken_back_at__isnull=True),
                name="purpose_taken_back_is_not_active",
            ),
        ]


class Receipt(TenantModel):
    """The signed copy of what was agreed, for the speaker (after ISO/IEC TS 27560), also as an SD-JWT (RFC 9901).

    `standing_hash` lets whoever holds a receipt ask for its standing; `log_entry` is the audit entry that says it was
    issued. The latest of a consent counts.
    """

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="receipts")
    body = models.JSONField()
    signature = models.TextField()
    key_id = models.CharField(max_length=64)
    sd_jwt = models.TextField(default="")
    standing_hash = models.CharField(max_length=64, unique=True, null=True)
    log_entry = models.UUIDField(null=True)
    issued_at = models.DateTimeField(auto_now_add=True)


class ReminderKind(models.TextChoices):
    """What a speaker is reminded of, once each."""

    ENDS_IN_30_DAYS = "ends-in-30-days"
    ENDS_IN_7_DAYS = "ends-in-7-days"
    NOTICE_CHANGED = "notice-changed"


class Reminder(TenantModel):
    """That a speaker was reminded; `notice_version` is the wording that they have not seen yet, else empty."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="reminders")
    kind = models.CharField(max_length=32, choices=ReminderKind.choices)
    notice_version = models.CharField(max_length=32, blank=True)
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ReminderKind.values), name="reminder_kind_known"),
            models.UniqueConstraint(fields=["consent", "kind", "notice_version"], name="reminded_once"),
        ]
