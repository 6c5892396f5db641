"""Voices follow the consent: when another takes its place they stand on that one, with everything they were made of."""

from __future__ import annotations

from uuid import UUID

from audit.events import Event
from audit.log import append
from consent.models import ConsentRecord
from voices.errors import VoiceError
from voices.models import Voice
from voices.queries import voices_of


def move_voices(*, of: UUID, to: UUID) -> None:
    """Let every voice that stands on a superseded consent stand on its heir; nothing is made anew or erased.

    Requests and clips follow their voice. Raises `VoiceError` where the two are not the same speaker's.
    """
    speakers = ConsentRecord.objects.in_bulk([of, to])
    if len({consent.speaker_id for consent in speakers.values()}) != 1 or len(speakers) != len({of, to}):
        raise VoiceError("consent-unknown", "A voice passes only to another consent of its own speaker.")
    for voice in voices_of(of).select_for_update(of=("self",)):
        Voice.objects.filter(id=voice.id).update(consent_id=to)
        refs = {"voice": voice.id, "consent": to, "speaker": voice.speaker_id}
        append(Event.VOICE_MOVED, refs=refs, data={"from": str(of)})
