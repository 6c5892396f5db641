"""The three outcomes of a ceremony: accepted, held for a person, refused; and the giving of the consent itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import evidence as sealed
from consent import lifecycle, mail, receipts
from consent.errors import ConsentError
from consent.models import CeremonyRecording, ConsentRecord, RecordingStatus
from consent.reasons import Reason
from consent.verdict import MAY_BE_SYNTHETIC, REVIEW
from safety.comparison import VoiceEmbedding

SATURDAY = 5
RECEIPT_USEFUL_FOR = timedelta(days=7)
LASTING = frozenset({MAY_BE_SYNTHETIC, "protected-voice", "living-voice-unknown"})
"""Doubts about who speaks, which another recording does not lift; that a room was noisy, it does."""


def conclude(
    recording: CeremonyRecording,
    reasons: Sequence[Reason],
    *,
    evidence: Mapping[str, Any],
    voice: VoiceEmbedding | None,
) -> None:
    """Refuse where a reason denies, hold where reasons only doubt, accept where there are none."""
    found = list(reasons)
    if not found:
        found = accept(recording, evidence=evidence, voice=voice)
    if any(reason.effect == "deny" for reason in found):
        refuse(recording, found)
    elif found:
        _hold(recording, found, evidence=evidence, voice=voice)


def accept(recording: CeremonyRecording, *, evidence: Mapping[str, Any], voice: VoiceEmbedding | None) -> list[Reason]:
    """Give the consent; where that cannot be any more, say why."""
    try:
        lifecycle.give(recording.consent, evidence=evidence)
    except ConsentError as error:
        return [Reason(error.code, "deny", error.message, "Ask the organisation for a new request.")]
    if voice is not None:
        sealed.seal_embedding(recording, voice)
    recording.status, recording.reasons, recording.findings = RecordingStatus.ACCEPTED, [], {}
    recording.save()
    _finish(recording.consent)
    return []


def give(consent: ConsentRecord, *, evidence: Mapping[str, Any]) -> None:
    """Give a consent that no recording carries; raises `ConsentError` where that cannot be."""
    lifecycle.give(consent, evidence=evidence)
    _finish(consent)


def refuse(recording: CeremonyRecording, reasons: Sequence[Reason]) -> None:
    """Say every reason, and keep nothing of the sound."""
    sealed.discard_recording(recording)
    recording.status = RecordingStatus.REFUSED
    recording.reasons = [reason.as_json() for reason in reasons]
    recording.save()
    _record(Event.CONSENT_RECORDING_REFUSED, recording, reasons)


def lasting_doubts(recording: CeremonyRecording) -> list[Reason]:
    """Who was held because it is doubtful who speaks waits for the answer; trying until one passes is no answer."""
    held = CeremonyRecording.objects.filter(consent=recording.consent, status=RecordingStatus.HELD)
    if not any(reason["rule"] in LASTING for other in held.exclude(id=recording.id) for reason in other.reasons):
        return []
    text = "An earlier recording waits for a person to listen to it, and this one waits with it."
    return [Reason("earlier-recording-held", "hold", text, REVIEW)]


def answer_by(since: datetime) -> datetime:
    """By when a reviewer should have answered: so many working days (Monday to Friday) later."""
    answer, days = since, settings.REVIEW_DAYS
    while days:
        answer += timedelta(days=1)
        days -= answer.weekday() < SATURDAY
    return answer


def _hold(
    recording: CeremonyRecording,
    reasons: Sequence[Reason],
    *,
    evidence: Mapping[str, Any],
    voice: VoiceEmbedding | None,
) -> None:
    """Keep the sound sealed, and what was heard in it, until somebody has decided; the consent stays as it is."""
    if voice is not None:
        sealed.seal_embedding(recording, voice)
    recording.status, recording.findings = RecordingStatus.HELD, dict(evidence)
    recording.reasons = [reason.as_json() for reason in reasons]
    recording.save()
    _record(Event.CONSENT_RECORDING_HELD, recording, reasons)


def _finish(consent: ConsentRecord) -> None:
    """The receipt; and whatever else waits for the same yes need not be listened to any more."""
    link = receipts.new_link(receipts.issue(consent))
    mail.send(consent, kind="given", useful_for=RECEIPT_USEFUL_FOR, link=f"{settings.PUBLIC_URL}/r/{link}")
    text = "The consent was given with another recording, so this one was not needed."
    moot = [Reason("consent-already-decided", "deny", text, "Nothing: your consent stands.")]
    for waiting in CeremonyRecording.objects.filter(consent=consent, status=RecordingStatus.HELD):
        waiting.verified_at = waiting.verified_at or timezone.now()
        refuse(waiting, moot)


def _record(event: Event, recording: CeremonyRecording, reasons: Sequence[Reason]) -> None:
    refs = {"consent": recording.consent_id, "speaker": recording.consent.speaker_id, "recording": recording.id}
    append(event, refs=refs, data={"rules": [reason.rule for reason in reasons]})
