"""The request's way in rows: request, decision, permit, clip; and uploads given to the detector."""

from __future__ import annotations

from django.db import models

from tenancy.models import TenantModel
from voices.models import Voice


class SynthesisRequest(TenantModel):
    """The ask: a text, a voice, a purpose (the API's *job*)."""

    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="requests")
    text = models.TextField()
    language = models.CharField(max_length=16)
    purpose = models.CharField(max_length=64)
    requested_by = models.CharField(max_length=100)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)
    body_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "idempotency_key"], name="idempotency_key_once"),
        ]


class Effect(models.TextChoices):
    """What the gate may say; deny overrides hold, hold overrides permit."""

    PERMIT = "permit"
    HOLD = "hold"
    DENY = "deny"


class Stage(models.TextChoices):
    """Which of the three questions a decision answered."""

    INTAKE = "intake"
    RENDER = "render"
    DELIVERY = "delivery"


class Decision(TenantModel):
    """A stored verdict with the facts and the policy version it was made from, so that it can be replayed."""

    request = models.ForeignKey(SynthesisRequest, on_delete=models.PROTECT, related_name="decisions")
    stage = models.CharField(max_length=16, choices=Stage.choices)
    effect = models.CharField(max_length=8, choices=Effect.choices)
    objections = models.JSONField()
    facts = models.JSONField()
    policy_version = models.CharField(max_length=64)
    seconds = models.FloatField()
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(effect__in=Effect.values), name="decision_effect_known"),
            models.CheckConstraint(condition=models.Q(stage__in=Stage.values), name="decision_stage_known"),
            models.CheckConstraint(
                condition=~models.Q(effect="permit") | models.Q(objections=[]), name="permit_has_no_objection"
            ),
        ]


class PermitStatus(models.TextChoices):
    """A permit is issued once, redeemed once, and ends in one of four ways."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    COMPLETED = "completed"
    FAILED = "failed"
    WITHHELD = "withheld"
    VOID = "void"


class Permit(TenantModel):
    """The single-use right to render; this row is the queue of record."""

    request = models.OneToOneField(SynthesisRequest, on_delete=models.PROTECT, related_name="permit")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="permit")
    status = models.CharField(max_length=16, choices=PermitStatus.choices, default=PermitStatus.ISSUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    reasons = models.JSONField(default=list)
    issued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=PermitStatus.values), name="permit_status_known"),
        ]


class Clip(TenantModel):
    """Marked, verified output, sealed; without a permit and a verified mark the row cannot exist."""

    permit = models.OneToOneField(Permit, on_delete=models.PROTECT, related_name="clip")
    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="clips")
    wav_blob = models.CharField(max_length=200)
    mp3_blob = models.CharField(max_length=200)
    wav_sha256 = models.CharField(max_length=64)
    mp3_sha256 = models.CharField(max_length=64)
    seconds = models.FloatField()
    sample_rate = models.PositiveIntegerField()
    mark_readings = models.JSONField()
    mark_verified_at = models.DateTimeField()
    examination = models.JSONField()
    models_used = models.JSONField()
    timings = models.JSONField(default=dict)
    made_at = models.DateTimeField(auto_now_add=True)
    unreleasable_since = models.DateTimeField(null=True, blank=True)
    unreleasable_reason = models.CharField(max_length=100, blank=True)


class Detection(TenantModel):
    """An upload given to the detector, and what its marks said; the audio is deleted once read."""

    status = models.CharField(
        max_length=16, choices=[("received", "received"), ("completed", "completed"), ("failed", "failed")]
    )
    sha256 = models.CharField(max_length=64)
    blob = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict)
    requested_by = models.CharField(max_length=100)
    received_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)
