"""How a speaker says yes: phrases, recordings, what was heard before, and who says yes in their place."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from consent.models.doors import CeremonySession
from consent.models.records import ConsentRecord
from tenancy.ids import new_id
from tenancy.models import TenantModel


class Challenge(TenantModel):
    """A one-time phrase, valid for a short while, for a single recording, and for the session that asked for it.

    `committed_sha256` is the hash of the recording that will come, said while the phrase was good: a slow network does
    not make it late.
    """

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="challenges")
    session = models.ForeignKey(
        CeremonySession, on_delete=models.PROTECT, null=True, blank=True, related_name="challenges"
    )
    phrase = models.CharField(max_length=300)
    issued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    committed_at = models.DateTimeField(null=True, blank=True)
    committed_sha256 = models.CharField(max_length=64, blank=True, default="")
    used_at = models.DateTimeField(null=True, blank=True)


class RecordingStatus(models.TextChoices):
    """What came of verifying a ceremony recording."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"


class CeremonyRecording(TenantModel):
    """The recording of a speaker saying the statement and the one-time phrase; its audio is sealed.

    `parts` says how many pieces it was joined from: one for a reading, more where each sentence was said after
    somebody. `findings` keeps what was heard in a held one, until a reviewer decides; `fingerprinted_at` says since
    when its keyed fingerprint is kept, by which it would be known again.
    """

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="recordings")
    challenge = models.OneToOneField(Challenge, on_delete=models.PROTECT, related_name="recording")
    status = models.CharField(max_length=16, choices=RecordingStatus.choices, default=RecordingStatus.RECEIVED)
    reasons = models.JSONField(default=list)
    blob = models.CharField(max_length=200, blank=True)
    embedding_blob = models.CharField(max_length=200, blank=True)
    embedding_models = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64)
    parts = models.PositiveSmallIntegerField(default=1)
    findings = models.JSONField(default=dict)
    fingerprinted_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=RecordingStatus.values), name="ceremony_recording_status_known"
            ),
            models.UniqueConstraint(fields=["organisation", "sha256"], name="ceremony_recording_sent_once"),
        ]


class HeardBefore(models.Model):
    """The keyed fingerprint of one ceremony recording, whosever it is; only `platform_scope` sees it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reference = models.CharField(max_length=64, unique=True)
    hashes = ArrayField(models.BigIntegerField())

    class Meta:
        indexes = [GinIndex(fields=["hashes"], name="heard_before_hashes")]

    def __str__(self) -> str:
        return f"fingerprint {self.id}"


class Capacity(models.TextChoices):
    """In what right somebody says yes for a speaker who cannot."""

    GUARDIAN = "guardian"
    ESTATE = "estate"
    POWER_OF_ATTORNEY = "power-of-attorney"


class RepresentativeStatus(models.TextChoices):
    """A representative always waits for a reviewer."""

    HELD = "held"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Representative(TenantModel):
    """Somebody who says yes for a speaker who cannot: who, in what right, in what words, and their sealed document."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="representatives")
    name = models.CharField(max_length=200)
    capacity = models.CharField(max_length=32, choices=Capacity.choices)
    statement = models.TextField()
    document_blob = models.CharField(max_length=200, blank=True)
    document_type = models.CharField(max_length=64)
    document_sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=16, choices=RepresentativeStatus.choices, default=RepresentativeStatus.HELD)
    reasons = models.JSONField(default=list)
    named_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=RepresentativeStatus.values), name="representative_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(capacity__in=Capacity.values), name="representative_capacity_known"
            ),
            models.UniqueConstraint(
                fields=["consent"], condition=models.Q(status="held"), name="one_representative_waits_per_consent"
            ),
        ]

    def __str__(self) -> str:
        return f"representative {self.id}"
