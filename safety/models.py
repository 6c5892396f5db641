"""Protected voices: people who must not be cloned, by sealed reference and by name."""

from __future__ import annotations

from django.db import models

from tenancy.ids import new_id
from tenancy.models import Organisation


class ProtectedVoice(models.Model):
    """One person on a list; a row without organisation stands on the platform's list, which all inherit."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    reason = models.TextField()
    action = models.CharField(max_length=8, choices=[("deny", "deny"), ("hold", "hold")], default="deny")
    embedding = models.BinaryField()
    model_name = models.CharField(max_length=100)
    model_sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
