"""Verify a ceremony recording: the right words, in time, by one person, unmarked, and nobody who is protected.

Everything is listened to outside the database's transactions; what was found is weighed and written in one.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import evidence, lifecycle, receipts
from consent.errors import ConsentError
from consent.hearing import Heard, hear
from consent.models import CeremonyRecording, ConsentRecord, RecordingStatus
from consent.notice import spoken_purposes
from consent.reasons import Reason
from consent.scope import Purpose
from consent.statement import Script
from consent.verdict import judge
from consent.wording import wording
from safety import protected_voices
from safety.protected_voices import ProtectedMatch
from safety.registry import identities
from tenancy.scope import organisation_scope


def verify_recording(recording_id: UUID, *, organisation_id: UUID) -> None:
    """Accept a recording, and with it the consent, or refuse it with every reason; running it twice does no harm."""
    with organisation_scope(organisation_id, actor="system"):
        recording = _recording(recording_id)
        if recording.status != RecordingStatus.RECEIVED:
            return
        waveform, script = evidence.open_recording(recording), script_of(recording)
    heard = hear(waveform, script=script)
    with organisation_scope(organisation_id, actor="system"):
        _conclude(recording_id, heard)


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


def _conclude(recording_id: UUID, heard: Heard) -> None:
    """Weigh and write; the consent is locked first, as withdrawal does."""
    consent_id = _recording(recording_id).consent_id
    ConsentRecord.objects.select_for_update().get(id=consent_id)
    CeremonyRecording.objects.select_for_update().get(id=recording_id)
    recording = _recording(recording_id)
    if recording.status != RecordingStatus.RECEIVED:
        return
    matches = _protected(heard, name=recording.consent.speaker.name)
    reasons = judge(
        heard, received_at=recording.received_at, expires_at=recording.challenge.expires_at, matches=matches
    )
    recording.verified_at = timezone.now()
    if not reasons:
        reasons = _accept(recording, heard, matches)
    if reasons:
        _refuse(recording, reasons)


def _protected(heard: Heard, *, name: str) -> tuple[ProtectedMatch, ...]:
    by_sound: tuple[ProtectedMatch, ...] = ()
    if heard.embedding is not None:
        by_sound = protected_voices.screen(heard.embedding.vector, model=heard.embedding.model)
    return (*by_sound, *protected_voices.screen_name(name))


def _accept(recording: CeremonyRecording, heard: Heard, matches: tuple[ProtectedMatch, ...]) -> list[Reason]:
    """Give the consent; where that cannot be any more, say why."""
    try:
        lifecycle.give(recording.consent, evidence=_evidence(recording, heard, matches))
    except ConsentError as error:
        return [Reason(error.code, "deny", error.message, "Ask the organisation for a new request.")]
    if heard.embedding is not None:
        evidence.seal_embedding(recording, heard.embedding)
    recording.status = RecordingStatus.ACCEPTED
    recording.save(update_fields=["status", "verified_at", "embedding_blob", "embedding_model"])
    receipts.issue(recording.consent)
    return []


def _refuse(recording: CeremonyRecording, reasons: list[Reason]) -> None:
    evidence.discard_recording(recording)
    recording.status = RecordingStatus.REFUSED
    recording.reasons = [reason.as_json() for reason in reasons]
    recording.save(update_fields=["status", "reasons", "verified_at", "blob"])
    consent = recording.consent
    append(
        Event.CONSENT_RECORDING_REFUSED,
        refs={"consent": consent.id, "speaker": consent.speaker_id, "recording": recording.id},
        data={"rules": [reason.rule for reason in reasons]},
    )


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
        "net_speech_seconds": round(heard.net_speech_seconds, 2),
        "one_speaker": asdict(heard.speakers),
        "marks": [{"marker": m.marker, "outcome": m.outcome, "score": round(m.score, 4)} for m in heard.marks],
        "protected_voices": [{"id": str(m.id), "outcome": m.outcome, "score": m.score} for m in matches],
        "models": identities(),
    }
