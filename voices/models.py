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
    """A speaker's voice as one organisation may use it, under one consent."""

    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="voices")
    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="voices")
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=16)
    status = models.CharField(max_length=16, choices=VoiceStatus.choices, default=VoiceStatus.CHECKING)
    reasons = models.JSONField(default=list)
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
    """One sample offered for enrolment, sealed, with what was measured in it."""

    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="samples")
    position = models.PositiveSmallIntegerField()
    blob = models.CharField(max_length=200, blank=True)
    transcript_blob = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    measures = models.JSONField(default=dict)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["voice", "position"], name="sample_position_once")]


class Reference(TenantModel):
    """The enrolled embedding, sealed, with the model that made it; never compared across models."""

    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="references")
    blob = models.CharField(max_length=200, blank=True)
    model_name = models.CharField(max_length=100)
    model_sha256 = models.CharField(max_length=64)
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
