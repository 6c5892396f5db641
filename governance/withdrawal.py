"""Withdrawal: one act that ends the consent and everything that stood on it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import lifecycle
from consent.models import ConsentRecord, ConsentStatus
from governance import permits
from governance.models import Clip, Permit, PermitStatus
from tenancy import keyring
from voices import vault
from voices.models import Voice, VoiceStatus

REASON = {
    "rule": "consent-withdrawn",
    "effect": "deny",
    "explanation": "The speaker has withdrawn their consent.",
    "way_forward": "Ask the speaker for a new one.",
    "measured": {},
}


@dataclass(frozen=True)
class Withdrawn:
    """What was done, counted, so that the speaker can be told."""

    voices_erased: int
    permits_voided: int
    clips_made_unreleasable: int
    key_shredded: bool


def withdraw(consent_id: UUID) -> Withdrawn:
    """End a consent at the speaker's word; raises `ConsentError` when there is nothing to withdraw."""
    consent = ConsentRecord.objects.select_for_update().get(id=consent_id)
    lifecycle.withdraw(consent)
    voices = list(Voice.objects.filter(consent=consent).exclude(status=VoiceStatus.ERASED))
    voided = _void_permits(consent)
    clips = _stop_clips(consent)
    for voice in voices:
        vault.erase(voice)
        append(Event.VOICE_ERASED, refs={"voice": voice.id, "consent": consent.id, "speaker": consent.speaker_id})
    shredded = not _has_other_consent(consent)
    if shredded:
        keyring.shred(subject_id=consent.speaker_id)
    return Withdrawn(
        voices_erased=len(voices), permits_voided=voided, clips_made_unreleasable=clips, key_shredded=shredded
    )


def _void_permits(consent: ConsentRecord) -> int:
    open_states = [PermitStatus.ISSUED, PermitStatus.REDEEMED]
    open_permits = Permit.objects.select_for_update(of=("self",)).filter(
        request__voice__consent=consent, status__in=open_states
    )
    found = list(open_permits.select_related("request"))
    for permit in found:
        permits.void(permit, reason=REASON)
    return len(found)


def _stop_clips(consent: ConsentRecord) -> int:
    clips = Clip.objects.filter(voice__consent=consent, unreleasable_since__isnull=True)
    ids = list(clips.values_list("id", "voice_id"))
    clips.update(unreleasable_since=timezone.now(), unreleasable_reason="the speaker has withdrawn their consent")
    for clip_id, voice_id in ids:
        append(Event.CLIP_MADE_UNRELEASABLE, refs={"clip": clip_id, "voice": voice_id, "consent": consent.id})
    return len(ids)


def _has_other_consent(consent: ConsentRecord) -> bool:
    others = ConsentRecord.objects.filter(speaker_id=consent.speaker_id, status=ConsentStatus.GIVEN)
    return others.exclude(id=consent.id).exists()
