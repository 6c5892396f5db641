"""Organisations, their members and API keys, and the wrapped keys that protect what they hold."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from tenancy.ids import new_id


class Organisation(models.Model):
    """The tenant: the party that uses voices."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person who signs in to the console; what they may see follows from their memberships."""


class TenantModel(models.Model):
    """Abstract base of every row that belongs to one organisation; its table carries forced row-level security."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Role(models.TextChoices):
    """What a member does for their organisation."""

    OWNER = "owner"
    ENGINEER = "engineer"
    COMPLIANCE_OFFICER = "compliance_officer"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"


class Membership(TenantModel):
    """One user's role in one organisation."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=32, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [
            ("review", "May decide what waits for a reviewer"),
            ("examine", "May examine files and follow a clip back to its consent"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="one_membership_per_user"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} as {self.role}"


class ApiKey(TenantModel):
    """A key of an application: only its SHA-256 is kept; the row is visible to whoever presents the key."""

    name = models.CharField(max_length=200)
    token_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class KeyState(models.TextChoices):
    """Where an organisation's key stands: one wraps new keys, former ones open old ones, a destroyed one is gone."""

    ACTIVE = "active"
    RETIRING = "retiring"
    DESTROYED = "destroyed"


class OrganisationKey(TenantModel):
    """One version of an organisation's key-encryption key, wrapped by the key management service.

    `wrapped_secret` is the organisation's lasting secret under this key; every version carries the same one over.
    """

    version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=16, default=KeyState.ACTIVE)
    wrapped = models.BinaryField(null=True)
    wrapped_secret = models.BinaryField(null=True)
    key_management_id = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "version"], name="one_organisation_key_per_version"),
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(state="active"), name="one_active_key_per_organisation"
            ),
            models.CheckConstraint(condition=models.Q(state__in=KeyState.values), name="organisation_key_state_known"),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "retiring"], wrapped__isnull=False)
                | models.Q(state="destroyed", wrapped__isnull=True, wrapped_secret__isnull=True),
                name="organisation_key_present_or_destroyed",
            ),
        ]

    def __str__(self) -> str:
        return f"key {self.version} of {self.organisation_id}"


class SubjectKey(TenantModel):
    """One person's data key and ledger secret, wrapped by the organisation's key; shredding nulls both for ever."""

    subject_id = models.UUIDField()
    organisation_key = models.ForeignKey(
        OrganisationKey, on_delete=models.PROTECT, null=True, blank=True, related_name="subject_keys"
    )
    wrapped = models.BinaryField(null=True)
    wrapped_secret = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    shredded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "subject_id"], name="one_key_per_subject"),
            models.CheckConstraint(
                condition=models.Q(wrapped__isnull=False, organisation_key__isnull=False, shredded_at__isnull=True)
                | models.Q(
                    wrapped__isnull=True,
                    wrapped_secret__isnull=True,
                    organisation_key__isnull=True,
                    shredded_at__isnull=False,
                ),
                name="subject_key_present_or_shredded",
            ),
        ]

    def __str__(self) -> str:
        return f"key of {self.subject_id}"
