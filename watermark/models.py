"""The register of marks: every clip that was marked, by which a copy of it is named."""

from __future__ import annotations

from django.db import models

from tenancy.models import TenantModel
from watermark.manifest_models import ClipManifest, ProvenanceCredential

__all__ = ["ClipManifest", "MarkedClip", "ProvenanceCredential"]


class MarkedClip(TenantModel):
    """A clip's entry: what its code is derived from, and its sealed fingerprint.

    The row stays for good and never changes, so that a copy can be named; only the fingerprint goes, with the voice it
    was made of (`fingerprint_blob` is empty then).
    """

    clip_id = models.UUIDField(unique=True, editable=False)
    subject_id = models.UUIDField(editable=False)
    epoch = models.PositiveIntegerField()
    content = models.BinaryField(max_length=32)
    seconds = models.FloatField()
    fingerprint_blob = models.CharField(max_length=200, blank=True, default="")
    marked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "marked_at"], name="marked_clips_in_order")]

    def __str__(self) -> str:
        return f"mark of clip {self.clip_id}"
