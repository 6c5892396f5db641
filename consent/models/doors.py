"""How a speaker comes in: links, codes, sessions, the mail that brings them, and who guesses at them."""

from __future__ import annotations

from django.db import models

from consent.models.records import ConsentRecord
from tenancy.models import TenantModel


class SpeakerLink(TenantModel):
    """A secret link that a speaker holds: to their ceremony, or (from the receipt) to their own page."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="links")
    kind = models.CharField(max_length=16, choices=[("ceremony", "ceremony"), ("receipt", "receipt")])
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)


class CeremonyCode(TenantModel):
    """A code that was sent to the speaker's address; what is kept is a keyed hash, and how often it was tried."""

    link = models.ForeignKey(SpeakerLink, on_delete=models.PROTECT, related_name="codes")
    code_hash = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    issued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class CeremonySession(TenantModel):
    """What a right code opens, for whoever sent it: the ceremony behind one link, for a while."""

    link = models.ForeignKey(SpeakerLink, on_delete=models.PROTECT, related_name="sessions")
    token_hash = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()


class SpeakerMail(TenantModel):
    """A mail to a speaker: sealed until it is sent or of no use any more, and then forgotten but for its kind."""

    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="mails")
    kind = models.CharField(max_length=32)
    sealed = models.BinaryField(null=True, blank=True)
    written_at = models.DateTimeField(auto_now_add=True)
    useful_until = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)


class LinkGuess(models.Model):
    """Somebody tried a link that does not exist; from where is kept as a keyed hash, for an hour."""

    address_hash = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["address_hash", "at"], name="link_guess_by_address")]

    def __str__(self) -> str:
        return f"guess at {self.at:%Y-%m-%d %H:%M}"
