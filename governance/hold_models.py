"""Legal holds in rows: orders to keep what would be destroyed, lifted but never deleted."""

from __future__ import annotations

from django.db import models

from consent.models import Speaker
from tenancy.models import TenantModel


class LegalHold(TenantModel):
    """Someone's order to keep what would be destroyed: why, by whom, from when, and until when.

    It keeps the proof of consent. It keeps the voice itself only where `covers_biometric` says so, because only a
    warrant or subpoena can outweigh the duty to destroy that.
    """

    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="legal_holds")
    reason = models.TextField()
    placed_by = models.CharField(max_length=200)
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    covers_biometric = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason="") & ~models.Q(placed_by=""), name="hold_says_why_and_who"
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.id}"


class CaseHold(TenantModel):
    """Someone's order to keep the files that were, or will be, handed in for examination under a case number."""

    case_number = models.CharField(max_length=100)
    reason = models.TextField()
    placed_by = models.CharField(max_length=200)
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "case_number"], name="hold_by_case")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(case_number="") & ~models.Q(reason="") & ~models.Q(placed_by=""),
                name="case_hold_says_which_why_and_who",
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.id}"
