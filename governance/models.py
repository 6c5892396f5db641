"""The request's way in rows: request, decision, permit, clip; and uploads given to the detector."""

from __future__ import annotations

from django.db import models

import governance.forensic_models
import governance.hold_models  # noqa: F401 -- tables of this app that need a file of their own
from consent.models import ConsentRecord, Speaker
from tenancy.models import TenantModel
from voices.models import Voice
from watermark.duties import Sign

SIGNS = [(sign.value, sign.value) for sign in Sign]


class SynthesisRequest(TenantModel):
    """The ask: a text, a voice, a purpose (the API's *job*), and what shall be heard beyond what is owed anyway."""

    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="requests")
    text = models.TextField()
    language = models.CharField(max_length=16)
    purpose = models.CharField(max_length=64)
    requested_by = models.CharField(max_length=100)
    audible_disclosure = models.CharField(max_length=8, choices=SIGNS, default=Sign.NONE.value)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)
    body_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "idempotency_key"], name="idempotency_key_once"),
            models.CheckConstraint(
                condition=models.Q(audible_disclosure__in=[sign for sign, _ in SIGNS]),
                name="disclosure_asked_for_known",
            ),
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
    """The single-use right to render; this row is the queue of record.

    Output that was withheld is kept sealed under `withheld_blob`, unmarked and never released, for a reviewer.
    """

    request = models.OneToOneField(SynthesisRequest, on_delete=models.PROTECT, related_name="permit")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="permit")
    status = models.CharField(max_length=16, choices=PermitStatus.choices, default=PermitStatus.ISSUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    reasons = models.JSONField(default=list)
    issued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    withheld_blob = models.CharField(max_length=200, blank=True, default="")
    withheld_sha256 = models.CharField(max_length=64, blank=True, default="")
    examination = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=PermitStatus.values), name="permit_status_known"),
            models.CheckConstraint(
                condition=models.Q(withheld_blob="") | models.Q(status=PermitStatus.WITHHELD),
                name="only_withheld_output_is_kept",
            ),
        ]


class IncidentKind(models.TextChoices):
    """Whose voice came out of the engine instead of the speaker's alone."""

    OTHER_VOICE = "other-voice"
    PROTECTED_VOICE = "protected-voice"


class Incident(TenantModel):
    """An engine spoke with a voice that is not the consented speaker's: withheld, and for a reviewer to judge."""

    permit = models.OneToOneField(Permit, on_delete=models.PROTECT, related_name="incident")
    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="incidents")
    kind = models.CharField(max_length=32, choices=IncidentKind.choices)
    reasons = models.JSONField()
    engine_release = models.JSONField()
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=IncidentKind.values), name="incident_kind_known"),
        ]

    def __str__(self) -> str:
        return f"incident {self.id}"


class Clip(TenantModel):
    """Marked, verified output, sealed; without a permit and a verified mark the row cannot exist.

    Its first `disclosure_seconds` are the audible disclosure, pause included; `seconds` counts them too.
    """

    permit = models.OneToOneField(Permit, on_delete=models.PROTECT, related_name="clip")
    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="clips")
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
    disclosure = models.CharField(max_length=8, choices=SIGNS, default=Sign.NONE.value)
    disclosure_seconds = models.FloatField(default=0.0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(disclosure="none", disclosure_seconds=0.0)
                | models.Q(disclosure__in=["rhythm", "words"], disclosure_seconds__gt=0.0),
                name="disclosure_of_a_clip_known",
            ),
        ]


class ClipFile(TenantModel):
    """A clip in one of the forms it is delivered in; `blob` is empty once the sound was erased, the hash stays."""

    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="files")
    form = models.CharField(max_length=8)
    blob = models.CharField(max_length=200, blank=True, default="")
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clip", "form"], name="one_file_per_form"),
            models.CheckConstraint(
                condition=models.Q(form__in=["wav", "mp3", "flac", "m4a"]), name="form_of_a_clip_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.form} of clip {self.clip_id}"


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


class DestructionCertificate(TenantModel):
    """The signed account of one erasure: what was destroyed, what could not be, and why; it never changes.

    `consent` is null where everything of the speaker was destroyed and no single consent was the occasion; `entry_id`
    is the event of the record that says so.
    """

    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="certificates")
    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, null=True, related_name="certificates")
    reason = models.CharField(max_length=64)
    key_shredded = models.BooleanField()
    entry_id = models.UUIDField()
    body = models.JSONField()
    signature = models.TextField()
    key_id = models.CharField(max_length=64)
    issued_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "speaker"], name="certificate_of_speaker")]

    def __str__(self) -> str:
        return f"certificate {self.id}"


class ReviewKind(models.TextChoices):
    """What a reviewer decides."""

    RECORDING = "recording"
    REPRESENTATIVE = "representative"
    VOICE = "voice"
    CLIP = "clip"


class ReviewOutcome(models.TextChoices):
    """What they may say."""

    APPROVE = "approve"
    REFUSE = "refuse"


class Review(TenantModel):
    """A person's decision about what waited, with their reasons; whoever asked for it cannot be the one.

    `about_id` is the recording, representative, voice or permit, and `reasons` is what held it. A withheld clip is
    never approved: its sound bears no mark.
    """

    kind = models.CharField(max_length=16, choices=ReviewKind.choices)
    about_id = models.UUIDField()
    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="reviews")
    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=8, choices=ReviewOutcome.choices)
    reviewer = models.CharField(max_length=100)
    asked_by = models.CharField(max_length=100)
    words = models.TextField()
    reasons = models.JSONField()
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ReviewKind.values), name="review_kind_known"),
            models.CheckConstraint(condition=models.Q(outcome__in=ReviewOutcome.values), name="review_outcome_known"),
            models.CheckConstraint(
                condition=models.Q(reviewer__startswith="member:") & ~models.Q(reviewer=models.F("asked_by")),
                name="review_is_decided_by_another",
            ),
            models.CheckConstraint(condition=~models.Q(words=""), name="review_says_why"),
            models.CheckConstraint(
                condition=~models.Q(kind="clip", outcome="approve"), name="withheld_clip_is_never_approved"
            ),
            models.UniqueConstraint(
                fields=["about_id"], condition=models.Q(kind="clip"), name="withheld_clip_is_reviewed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.id}"
