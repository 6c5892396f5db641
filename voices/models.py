"""Voices: who can be spoken as, from offered samples to a reference in the vault and a prepared engine voice."""

from __future__ import annotations

from django.db import models

from consent.models import ConsentRecord, Speaker
from tenancy.models import TenantModel


class VoiceStatus(models.TextChoices):
    """Where a voice stands; only `ready` can be spoken with."""

    CHECKING = "checking"
    PREPARING = "preparing"
    READY = "ready"
    HELD = "held"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    ERASED = "erased"


class Voice(TenantModel):
    """A speaker's voice as one organisation may use it, under one consent.

    `comparison` keeps how the samples together compared with the voice of the ceremony.
    """

    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="voices")
    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="voices")
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=16)
    status = models.CharField(max_length=16, choices=VoiceStatus.choices, default=VoiceStatus.CHECKING)
    reasons = models.JSONField(default=list)
    comparison = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        permissions = [("use_voice", "May request speech in this voice")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=VoiceStatus.values), name="voice_status_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Sample(TenantModel):
    """One sample offered for enrolment, sealed, with what was measured in it.

    `left_out` says why neither the reference nor an engine learns from it; empty where they do.
    """

    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="samples")
    position = models.PositiveSmallIntegerField()
    blob = models.CharField(max_length=200, blank=True)
    transcript_blob = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    measures = models.JSONField(default=dict)
    left_out = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["voice", "position"], name="sample_position_once")]


class Reference(TenantModel):
    """The enrolled embedding, sealed, with the model that made it; never compared across models.

    Net speech and bandwidth of what it was made from are empty for references from before they were measured.
    """

    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="references")
    blob = models.CharField(max_length=200, blank=True)
    model_name = models.CharField(max_length=100)
    model_sha256 = models.CharField(max_length=64)
    seconds = models.FloatField(null=True, blank=True)
    bandwidth_hz = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["voice", "model_name", "model_sha256"], name="one_reference_per_model"),
        ]


class PreparedVoice(TenantModel):
    """What an engine learnt of a voice, sealed, with how like and how intelligible it proved to be."""

    voice = models.OneToOneField(Voice, on_delete=models.PROTECT, related_name="prepared")
    blob = models.CharField(max_length=200, blank=True)
    engine_release = models.JSONField()
    evidence = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)


class OfferStatus(models.TextChoices):
    """Whether one recorded sentence can be used."""

    CHECKING = "checking"
    GOOD = "good"
    REFUSED = "refused"


class OfferedSample(TenantModel):
    """One sentence that a speaker recorded for enrolment, sealed until all are handed in."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16, choices=OfferStatus.choices, default=OfferStatus.CHECKING)
    blob = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    net_speech_seconds = models.FloatField(null=True, blank=True)
    reasons = models.JSONField(default=list)
    offered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=OfferStatus.values), name="offer_status_known"),
            models.UniqueConstraint(fields=["consent", "number"], name="sentence_offered_once"),
        ]
