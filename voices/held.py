"""Held voices: what a reviewer may listen to, and what becomes of a voice when they have decided."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.models import ConsentRecord
from consent.queries import scope_of
from consent.reasons import Reason
from consent.scope import is_active
from synth_adapter.encoding import encode_wav
from voices import vault
from voices.errors import VoiceError
from voices.models import Voice, VoiceStatus

REFUSED_BY_REVIEWER = "reviewer-refused"


def sound(voice: Voice, *, position: int) -> bytes:
    """One sample as WAV; raises `VoiceError` where it is not kept."""
    sample = voice.samples.filter(position=position).exclude(blob="").first()
    if sample is None:
        raise VoiceError("samples-not-kept", "This sample is not in the vault.")
    return encode_wav(vault.open_sample(voice, sample))


def approve(voice_id: UUID) -> Voice:
    """Let enrolment go on: the engine may prepare the voice.

    Raises:
        VoiceError: voice-not-held, or consent-not-active.
    """
    voice = _lock(voice_id)
    scope = scope_of(voice.consent_id)
    if scope is None or not is_active(scope, at=timezone.now()):
        raise VoiceError("consent-not-active", "The consent does not stand any more, so the voice cannot be used.")
    voice.status, voice.reasons = VoiceStatus.PREPARING, []
    voice.save(update_fields=["status", "reasons", "changed_at"])
    return voice


def refuse(voice_id: UUID, *, words: str) -> Voice:
    """Discard everything of the voice but hashes and measures; `words` tell the organisation why.

    Raises:
        VoiceError: voice-not-held.
    """
    voice = _lock(voice_id)
    vault.erase(voice)
    text = f"A reviewer listened and refused: {words} What was kept of the voice was deleted."
    reason = Reason(REFUSED_BY_REVIEWER, "deny", text, "Record samples afresh and enrol the voice again.")
    voice.status, voice.reasons = VoiceStatus.REFUSED, [*voice.reasons, reason.as_json()]
    voice.save(update_fields=["status", "reasons", "changed_at"])
    refs = {"voice": voice.id, "consent": voice.consent_id, "speaker": voice.speaker_id}
    append(Event.VOICE_ENROLMENT_REFUSED, refs=refs, data={"rules": [REFUSED_BY_REVIEWER]})
    return voice


def _lock(voice_id: UUID) -> Voice:
    """The voice if it is held; the consent is locked before it, as withdrawal does."""
    consent_id = Voice.objects.values_list("consent_id", flat=True).get(id=voice_id)
    ConsentRecord.objects.select_for_update().get(id=consent_id)
    voice = Voice.objects.select_for_update(of=("self",)).select_related("speaker").get(id=voice_id)
    if voice.status != VoiceStatus.HELD:
        raise VoiceError("voice-not-held", f"The voice is {voice.status}; nothing about it waits for a reviewer.")
    return voice
