"""Protected voices: lists of people who must not be cloned, who changed them with whose consent, and who objected."""

from __future__ import annotations

from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from tenancy.ids import new_id
from tenancy.models import Organisation, TenantModel

ACTIONS = [("deny", "deny"), ("hold", "hold")]


def owned_by(organisation_id: UUID | None) -> Q:
    """The rows of one organisation; None stands for the platform."""
    return Q(organisation__isnull=True) if organisation_id is None else Q(organisation_id=organisation_id)


class ListedModel(models.Model):
    """Abstract base: a row of one organisation, or of the platform, whose lists all organisations inherit."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class ProtectedList(ListedModel):
    """A list, who answers for it and where it comes from.

    `threshold_offset` moves its thresholds (natural log-likelihood ratio; below zero finds more, and errs more), and
    `revision` grows with every change, so that whoever holds a copy knows whether it is the present one. The key that
    seals the list's references is wrapped by key management.
    """

    name = models.CharField(max_length=200)
    owner = models.CharField(max_length=200)
    source = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=8, choices=ACTIONS, default="deny")
    threshold_offset = models.FloatField(default=0.0)
    expires_after_days = models.PositiveIntegerField(null=True, blank=True)
    revision = models.BigIntegerField(default=0)
    wrapped_key = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="one_protected_list_per_name"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(organisation__isnull=True), name="one_platform_list_per_name"
            ),
            models.CheckConstraint(condition=Q(action__in=["deny", "hold"]), name="protected_list_action_known"),
        ]

    def __str__(self) -> str:
        return self.name


class ProtectedVoice(ListedModel):
    """One person on a list.

    `revision` is the list's at which the row was last changed; `name_keys` are what names and aliases come down to
    (`safety.names`), for finding them however they are spelt.
    """

    listing = models.ForeignKey(
        ProtectedList, null=True, blank=True, on_delete=models.PROTECT, related_name="voices", db_column="list_id"
    )
    name = models.CharField(max_length=200)
    aliases = models.JSONField(default=list, blank=True)
    name_keys = ArrayField(models.TextField(), default=list, blank=True)
    reason = models.TextField()
    source = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=8, choices=ACTIONS, default="deny")
    embedding = models.BinaryField()
    model_name = models.CharField(max_length=100)
    model_sha256 = models.CharField(max_length=64)
    revision = models.BigIntegerField(default=0)
    added_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["listing", "revision"], name="protected_voice_changes"),
            GinIndex(fields=["name_keys"], name="protected_voice_names"),
        ]

    def __str__(self) -> str:
        return self.name


class ChangeStatus(models.TextChoices):
    """Where a proposed change stands."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    REJECTED = "rejected"


class ListChange(ListedModel):
    """A change of a list: who proposed it, who agreed, and what it is; a proposed voice lies sealed in `embedding`."""

    listing = models.ForeignKey(ProtectedList, on_delete=models.PROTECT, related_name="changes", db_column="list_id")
    kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in ("add", "remove", "settings")])
    voice = models.ForeignKey(ProtectedVoice, null=True, blank=True, on_delete=models.PROTECT, related_name="changes")
    particulars = models.JSONField(default=dict)
    embedding = models.BinaryField(null=True, blank=True)
    status = models.CharField(max_length=16, choices=ChangeStatus.choices, default=ChangeStatus.PROPOSED)
    proposed_by = models.CharField(max_length=100)
    proposed_at = models.DateTimeField(auto_now_add=True)
    approvals = models.JSONField(default=list)
    decided_by = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    statement = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ChangeStatus.values), name="list_change_status_known"),
            models.CheckConstraint(
                condition=~Q(status=ChangeStatus.APPLIED)
                | ~Q(decided_by=F("proposed_by"))
                | Q(proposed_by__startswith="operator"),
                name="list_change_needs_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.listing_id}"


class AppealStatus(models.TextChoices):
    """Where an appeal stands."""

    OPEN = "open"
    GRANTED = "granted"
    DISMISSED = "dismissed"


class ProtectionAppeal(TenantModel):
    """An organisation asks that a finding be looked at again; somebody who did not file it decides, with a reason."""

    voice = models.ForeignKey(ProtectedVoice, on_delete=models.PROTECT, related_name="appeals")
    grounds = models.TextField()
    status = models.CharField(max_length=16, choices=AppealStatus.choices, default=AppealStatus.OPEN)
    filed_by = models.CharField(max_length=100)
    filed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    statement = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=AppealStatus.values), name="appeal_status_known"),
            models.CheckConstraint(
                condition=Q(status=AppealStatus.OPEN) | (~Q(decided_by=F("filed_by")) & ~Q(decided_by="")),
                name="appeal_is_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"appeal about {self.voice_id}"


class RequestStatus(models.TextChoices):
    """Where a person's own request to be protected stands."""

    ASKED = "asked"
    RECEIVED = "received"
    VERIFIED = "verified"
    REFUSED = "refused"


class ProtectionRequest(models.Model):
    """Somebody asks that their own voice never be cloned: a phrase to say, and what became of the recording.

    The row belongs to the platform; whoever presents its token sees it. The recording lies sealed until it is heard.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    aliases = models.JSONField(default=list)
    locale = models.CharField(max_length=16)
    phrase = models.CharField(max_length=200)
    status = models.CharField(max_length=16, choices=RequestStatus.choices, default=RequestStatus.ASKED)
    asked_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    recording = models.BinaryField(null=True, blank=True)
    wrapped_key = models.BinaryField(null=True, blank=True)
    reasons = models.JSONField(default=list)
    change = models.ForeignKey(ListChange, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RequestStatus.values), name="protection_request_status"),
        ]

    def __str__(self) -> str:
        return f"request {self.id}"


class PlatformKey(models.Model):
    """A data key of the platform's own, wrapped by key management; only `platform_scope` sees it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=40, unique=True)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"platform key for {self.purpose}"


class EnrolledVoice(TenantModel):
    """A copy of an enrolled voice under the platform's key, so that a second enrolment of it is found.

    An organisation sees its own rows only. `encoders` names the models whose vectors are sealed, in order of name.
    """

    speaker_id = models.UUIDField()
    voice_id = models.UUIDField(unique=True)
    encoders = models.JSONField()
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"copy of {self.voice_id}"
