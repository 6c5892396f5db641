"""Speakers, what they were asked and agreed to, and the recordings with which they said so."""

from __future__ import annotations

from django.db import models

from tenancy.models import TenantModel


class Speaker(TenantModel):
    """The person whose voice it is, as one organisation knows them."""

    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class ConsentStatus(models.TextChoices):
    """Where a consent stands; only `given` permits anything."""

    REQUESTED = "requested"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ConsentRecord(TenantModel):
    """What a speaker was asked, in the words they were shown, and what became of it."""

    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="consents")
    status = models.CharField(max_length=16, choices=ConsentStatus.choices, default=ConsentStatus.REQUESTED)
    languages = models.JSONField()
    intended_use = models.TextField()
    locale = models.CharField(max_length=16)
    notice_version = models.CharField(max_length=32)
    notice_text = models.TextField()
    notice_sha256 = models.CharField(max_length=64)
    statement = models.TextField()
    valid_until = models.DateTimeField()
    requested_at = models.DateTimeField(auto_now_add=True)
    notice_shown_at = models.DateTimeField(null=True, blank=True)
    given_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=ConsentStatus.values), name="consent_status_known"),
            models.CheckConstraint(
                condition=~models.Q(status=ConsentStatus.GIVEN) | models.Q(given_at__isnull=False),
                name="given_consent_has_a_time",
            ),
        ]


class ConsentPurpose(TenantModel):
    """One purpose of one consent; at most one active per speaker, organisation and purpose."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="purposes")
    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=64)
    active = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consent", "purpose"], name="purpose_named_once_per_consent"),
            models.UniqueConstraint(
                fields=["organisation", "speaker", "purpose"],
                condition=models.Q(active=True),
                name="one_active_consent_per_purpose",
            ),
        ]


class SpeakerLink(TenantModel):
    """A secret link that a speaker holds: to their ceremony, or (from the receipt) to their own page."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="links")
    kind = models.CharField(max_length=16, choices=[("ceremony", "ceremony"), ("receipt", "receipt")])
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()


class Challenge(TenantModel):
    """A one-time phrase, valid for a short while and for a single recording."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="challenges")
    phrase = models.CharField(max_length=300)
    issued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class RecordingStatus(models.TextChoices):
    """What came of verifying a ceremony recording."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class CeremonyRecording(TenantModel):
    """The recording of a speaker saying the statement and the one-time phrase; its audio is sealed."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="recordings")
    challenge = models.OneToOneField(Challenge, on_delete=models.PROTECT, related_name="recording")
    status = models.CharField(max_length=16, choices=RecordingStatus.choices, default=RecordingStatus.RECEIVED)
    reasons = models.JSONField(default=list)
    blob = models.CharField(max_length=200, blank=True)
    embedding_blob = models.CharField(max_length=200, blank=True)
    embedding_model = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(auto_now_add=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=RecordingStatus.values), name="ceremony_recording_status_known"
            ),
            models.UniqueConstraint(fields=["organisation", "sha256"], name="ceremony_recording_sent_once"),
        ]


class Receipt(TenantModel):
    """The signed copy of what was agreed, for the speaker (after ISO/IEC TS 27560)."""

    consent = models.OneToOneField(ConsentRecord, on_delete=models.PROTECT, related_name="receipt")
    body = models.JSONField()
    signature = models.TextField()
    key_id = models.CharField(max_length=64)
    issued_at = models.DateTimeField(auto_now_add=True)
