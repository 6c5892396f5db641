"""Verify a ceremony recording: the right words, in time, afresh, by one living person, and nobody who is protected.

Everything is listened to outside the database's transactions; what was found is weighed and written in one.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from consent import evidence, heard_before, outcome
from consent.heard_before import Print
from consent.hearing import Heard, hear
from consent.models import CeremonyRecording, RecordingStatus
from consent.notice import spoken_purposes
from consent.same_voice import judge_same_voice
from consent.scope import Purpose
from consent.statement import Script
from consent.succession import lock_consents
from consent.verdict import judge
from consent.wording import wording
from safety import protected_voices
from safety.protected_voices import ProtectedMatch
from safety.registry import identities
from safety.spoofing.demonstration import living_evidence, synthetic_speakers_admitted
from tenancy.scope import organisation_scope


def verify_recording(recording_id: UUID, *, organisation_id: UUID) -> None:
    """Accept a recording, and with it the consent, hold it or refuse it; running it twice does no harm."""
    with organisation_scope(organisation_id, actor="system"):
        recording = _recording(recording_id)
        if recording.status != RecordingStatus.RECEIVED:
            return
        waveform, script = evidence.open_recording(recording), script_of(recording)
    heard, found = hear(waveform, script=script), heard_before.listen(waveform)
    with organisation_scope(organisation_id, actor="system"):
        _conclude(recording_id, heard, found)


def script_of(recording: CeremonyRecording) -> Script:
    """What the speaker was to say in this recording."""
    consent = recording.consent
    words = wording(consent.locale)
    purposes = [Purpose(name) for name in consent.purposes.values_list("purpose", flat=True)]
    return Script(
        statement=consent.statement,
        phrase=recording.challenge.phrase,
        names=(consent.speaker.name, consent.organisation.name),
        purposes=tuple(spoken_purposes(purposes, words=words)),
        agreement=words.agreement,
        negations=words.negations,
        vocabulary=words.phrase_words,
        language=consent.locale,
    )


def _recording(recording_id: UUID) -> CeremonyRecording:
    related = ("consent__speaker", "consent__organisation", "challenge")
    return CeremonyRecording.objects.select_related(*related).get(id=recording_id)


def _conclude(recording_id: UUID, heard: Heard, found: Print) -> None:
    """Weigh and write; the speaker's consents are locked first, as withdrawal does."""
    lock_consents(_recording(recording_id).consent.speaker_id)
    CeremonyRecording.objects.select_for_update().get(id=recording_id)
    recording = _recording(recording_id)
    if recording.status != RecordingStatus.RECEIVED:
        return
    matches = _protected(heard, name=recording.consent.speaker.name)
    seen = heard_before.seen(found)
    reasons = judge(
        heard,
        received_at=said_at(recording),
        expires_at=recording.challenge.expires_at,
        matches=matches,
        seen_before=seen and not synthetic_speakers_admitted(),
    )
    recording.verified_at = timezone.now()
    reasons += judge_same_voice(recording.consent, heard.embedding)
    if not seen:
        heard_before.keep(found, recording_id=recording.id)
        recording.fingerprinted_at = recording.verified_at
    outcome.conclude(
        recording,
        [*reasons, *outcome.lasting_doubts(recording)],
        evidence={**_evidence(recording, heard, matches), "heard_before": seen},
        voice=heard.embedding,
    )


def said_at(recording: CeremonyRecording) -> datetime:
    """When the recording was there: on the way, too, where its hash was said while the phrase was good."""
    challenge = recording.challenge
    if challenge.committed_at is not None and challenge.committed_sha256 == recording.sha256:
        return challenge.committed_at
    return recording.received_at


def _protected(heard: Heard, *, name: str) -> tuple[ProtectedMatch, ...]:
    by_sound: tuple[ProtectedMatch, ...] = ()
    if heard.embedding is not None:
        by_sound = protected_voices.screen(heard.embedding)
    return (*by_sound, *protected_voices.screen_name(name))


def _evidence(recording: CeremonyRecording, heard: Heard, matches: tuple[ProtectedMatch, ...]) -> dict[str, Any]:
    """The proof that outlives the recording."""
    return {
        "recording_id": str(recording.id),
        "recording_sha256": recording.sha256,
        "received_at": recording.received_at.isoformat(),
        "notice_sha256": recording.consent.notice_sha256,
        "phrase": recording.challenge.phrase,
        "transcript": heard.transcript,
        "word_error_rate": round(heard.words.word_error_rate, 4),
        "word_error_rate_limit": settings.CEREMONY_MAX_WORD_ERROR_RATE,
        "name_likeness": round(heard.words.name_likeness, 1),
        "name_sound": round(heard.words.name_sound, 2),
        "parts": recording.parts,
        "net_speech_seconds": round(heard.net_speech_seconds, 2),
        "one_speaker": asdict(heard.speakers),
        "marks": [{"marker": m.marker, "outcome": m.outcome, "score": round(m.score, 4)} for m in heard.marks],
        "protected_voices": [{"id": str(m.id), "outcome": m.outcome, "score": m.score} for m in matches],
        "living_voice": None if heard.living is None else living_evidence(heard.living),
        "models": identities(living=True),
    }
