"""Rows of provenance: the manifests that clips were delivered with, and the certificates that signed them."""

from __future__ import annotations

from django.db import models

from tenancy.ids import new_id
from tenancy.models import TenantModel


class ClipManifest(TenantModel):
    """A clip's manifest in one delivered form, kept so that the mark leads back to it after it was stripped.

    The row never changes. `label` is the manifest's own name (`urn:c2pa:…`), `manifest` its store in JUMBF.
    """

    clip_id = models.UUIDField(editable=False, db_index=True)
    form = models.CharField(max_length=8)
    label = models.CharField(max_length=120, unique=True)
    manifest = models.BinaryField()
    audio_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clip_id", "form"], name="one_manifest_per_form")]

    def __str__(self) -> str:
        return self.label


class CredentialKind(models.TextChoices):
    """What a key of provenance signs."""

    ROOT = "root"
    LEAF = "leaf"


class CredentialStanding(models.TextChoices):
    """A key waits for its certificate, signs, or has been destroyed."""

    WAITING = "waiting"
    ACTIVE = "active"
    RETIRED = "retired"


class ProvenanceCredential(models.Model):
    """A signing key wrapped by key management, with its certificates; only `platform_scope` sees it.

    `chain` is PEM, the key's own certificate first and the root left out; `anchor` is the root it leads to.
    A retired leaf has no key any more, but its certificate stays: by it former signatures are known as ours.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=8, choices=CredentialKind.choices)
    standing = models.CharField(max_length=8, choices=CredentialStanding.choices)
    issued_by_us = models.BooleanField()
    wrapped = models.BinaryField(null=True)
    chain = models.TextField(blank=True, default="")
    anchor = models.TextField(blank=True, default="")
    made_at = models.DateTimeField(auto_now_add=True)
    sign_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(standing="active"), name="one_active_credential_per_kind"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=CredentialKind.values), name="credential_kind_known"),
            models.CheckConstraint(
                condition=models.Q(standing__in=CredentialStanding.values), name="credential_standing_known"
            ),
            models.CheckConstraint(
                condition=models.Q(standing="retired", wrapped__isnull=True)
                | (models.Q(standing__in=["waiting", "active"]) & models.Q(wrapped__isnull=False)),
                name="credential_has_its_key_or_is_retired",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
