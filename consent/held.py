"""Held ceremony recordings: what waits for a reviewer, its sound, and what becomes of it when they have decided."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from consent import evidence, mail, outcome
from consent.errors import ConsentError
from consent.models import CeremonyRecording, ConsentStatus, RecordingStatus
from consent.reasons import Reason
from consent.succession import lock_consents
from synth_adapter.encoding import encode_wav

REFUSED_BY_REVIEWER = "reviewer-refused"
NEW_REQUEST = "You may record again with a new phrase, or ask the organisation what to do."


def waiting() -> QuerySet[CeremonyRecording]:
    """Held recordings of consents that may still be given, oldest first."""
    found = CeremonyRecording.objects.filter(
        status=RecordingStatus.HELD, consent__status=ConsentStatus.REQUESTED, consent__valid_until__gt=timezone.now()
    )
    return found.exclude(blob="").select_related("consent__speaker", "challenge").order_by("verified_at", "id")


def sound(recording: CeremonyRecording) -> bytes:
    """The recording as WAV, whatever it was sent as."""
    return encode_wav(evidence.open_recording(recording))


def approve(recording_id: UUID, *, review: dict[str, Any]) -> CeremonyRecording:
    """Give the consent at a reviewer's word; `review` joins the evidence.

    Raises:
        ConsentError: consent-already-decided, or the consent cannot be given any more.
    """
    recording = _lock(recording_id)
    rules = [reason["rule"] for reason in recording.reasons]
    findings = {**recording.findings, "review": {**review, "rules": rules}}
    refused = outcome.accept(recording, evidence=findings, voice=None)
    if refused:
        raise ConsentError(refused[0].rule, refused[0].explanation)
    return recording


def refuse(recording_id: UUID, *, words: str) -> CeremonyRecording:
    """Refuse at a reviewer's word, which the speaker reads; nothing of the sound is kept.

    Raises:
        ConsentError: consent-already-decided.
    """
    recording = _lock(recording_id)
    text = f"A person listened and did not accept the recording: {words}"
    outcome.refuse(recording, [Reason(REFUSED_BY_REVIEWER, "deny", text, NEW_REQUEST)])
    mail.send(recording.consent, kind="not-accepted", useful_for=outcome.RECEIPT_USEFUL_FOR)
    return recording


def _lock(recording_id: UUID) -> CeremonyRecording:
    """The recording if it still waits; the speaker's consents are locked first, as withdrawal does."""
    speaker_id = CeremonyRecording.objects.values_list("consent__speaker_id", flat=True).get(id=recording_id)
    lock_consents(speaker_id)
    CeremonyRecording.objects.select_for_update().get(id=recording_id)
    found = waiting().filter(id=recording_id).first()
    if found is None:
        raise ConsentError("consent-already-decided", "This recording does not wait any more.")
    return found
