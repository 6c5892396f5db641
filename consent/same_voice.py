"""The same voice: whoever renews or extends a consent must be the person who gave it, for their voice passes on."""

from __future__ import annotations

from consent.errors import ConsentError
from consent.models import ConsentRecord, ConsentStatus
from consent.queries import ceremony_embedding
from consent.reasons import Reason
from consent.succession import heir_of
from safety.comparison import VoiceEmbedding, compare
from safety.registry import calibration, speaker_encoders
from safety.rotation import alike

OWN_VOICE = "Only the person whose voice it is can renew or extend a consent: record it yourself."
ASK_ANEW = "Ask the speaker for a new consent, and enrol their voice anew."


def judge_same_voice(consent: ConsentRecord, heard: VoiceEmbedding | None) -> list[Reason]:
    """Every doubt that the voice of this ceremony is that of the consent whose place it would take.

    Nothing passes on from a consent that has ended, so then there is nothing to compare; nor is there where no voice
    was heard, which is a reason of its own.
    """
    if consent.replaces is None or heard is None:
        return []
    stands = heir_of(consent.replaces)
    if stands.status != ConsentStatus.GIVEN:
        return []
    try:
        kept = ceremony_embedding(stands.id, encoders=speaker_encoders())
    except ConsentError:
        kept = None
    if kept is None:
        text = "The recording of the earlier consent is not kept, so nobody can tell whether the same person speaks."
        return [Reason("earlier-voice-not-kept", "deny", text, ASK_ANEW)]
    found = compare(alike(heard, to=kept), kept, calibration=calibration())
    if found.outcome == "match":
        return []
    if found.outcome == "no_match":
        text = "The voice is not the one that gave the earlier consent."
        return [Reason("not-the-consenting-speaker", "deny", text, OWN_VOICE, found.figures())]
    text = "It is not certain that the voice is the one that gave the earlier consent."
    return [Reason("speaker-uncertain", "hold", text, "Record again, closer to the microphone.", found.figures())]
