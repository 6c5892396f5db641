"""Cases: what waits for a reviewer, one desk for each kind: recordings, representatives, voices, withheld clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from audit.events import Event
from consent import evidence, held, outcome, representatives
from consent.models import CeremonyRecording, ConsentRecord, RecordingStatus
from governance import permits, queries, tasks
from governance.errors import ReviewRefusedError
from governance.models import Permit, ReviewKind
from voices import held as held_voices
from voices.models import Voice, VoiceStatus

CEREMONY = "ceremony"
WAV = "audio/wav"


@dataclass(frozen=True)
class Material:
    """Something to hear or to read."""

    content: bytes
    media_type: str
    filename: str


@dataclass(frozen=True)
class Case:
    """One thing that waits: what it is, why, since when, by when an answer is due, and what there is to look at.

    `parts` pairs the name of each sound or document with what it is. Who asked is `requested_by`, or the actor of the
    entry `asked_as` about `asked_about`. `refs` is what audit entries about it refer to.
    """

    kind: str
    about_id: UUID
    consent: ConsentRecord
    row: Any
    since: datetime
    reasons: list[dict[str, Any]]
    parts: list[tuple[str, str]]
    refs: Mapping[str, UUID]
    asked_about: UUID
    asked_as: Event = Event.CONSENT_REQUESTED
    requested_by: str = ""
    findings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answer_by(self) -> datetime:
        return outcome.answer_by(self.since)


class Desk(Protocol):
    """What is done with one kind of case."""

    def waiting(self) -> Iterable[Case]: ...
    def open(self, case: Case, part: str) -> Material: ...
    def act(self, case: Case, *, approve: bool, words: str, note: dict[str, Any]) -> None: ...


class Recordings:
    """Held ceremony recordings: approving gives the consent, refusing discards the sound."""

    def waiting(self) -> Iterable[Case]:
        for row in held.waiting():
            yield Case(
                kind=ReviewKind.RECORDING,
                about_id=row.id,
                consent=row.consent,
                row=row,
                since=row.verified_at or row.received_at,
                reasons=row.reasons,
                parts=[("recording", "The statement and the one-time phrase")],
                refs={**_refs(row.consent), "recording": row.id},
                asked_about=row.consent_id,
                findings=row.findings,
            )

    def open(self, case: Case, part: str) -> Material:
        return Material(held.sound(case.row), WAV, f"{part}-{case.about_id}.wav")

    def act(self, case: Case, *, approve: bool, words: str, note: dict[str, Any]) -> None:
        if approve:
            held.approve(case.about_id, review=note)
        else:
            held.refuse(case.about_id, words=words)


class Representatives:
    """Somebody who says yes for a speaker: approving gives the consent in their name."""

    def waiting(self) -> Iterable[Case]:
        for row in representatives.waiting():
            yield Case(
                kind=ReviewKind.REPRESENTATIVE,
                about_id=row.id,
                consent=row.consent,
                row=row,
                since=row.named_at,
                reasons=row.reasons,
                parts=[("document", "The document that they show")],
                refs=_refs(row.consent),
                asked_about=row.consent_id,
                findings={"document_sha256": row.document_sha256, "document_type": row.document_type},
            )

    def open(self, case: Case, part: str) -> Material:
        ending = case.row.document_type.rpartition("/")[2]
        content = evidence.open_document(case.row)
        return Material(content, case.row.document_type, f"{part}-{case.about_id}.{ending}")

    def act(self, case: Case, *, approve: bool, words: str, note: dict[str, Any]) -> None:
        if approve:
            representatives.approve(case.about_id, review=note)
        else:
            representatives.refuse(case.about_id, words=words)


class Voices:
    """Held enrolments: approving lets the engine prepare the voice, refusing discards it."""

    def waiting(self) -> Iterable[Case]:
        for row in queries.voices(status=VoiceStatus.HELD).order_by("changed_at", "id"):
            kept = row.samples.exclude(blob="").values_list("position", flat=True)
            samples = [(f"sample-{position}", f"Sample {position}, offered for this voice") for position in kept]
            yield Case(
                kind=ReviewKind.VOICE,
                about_id=row.id,
                consent=row.consent,
                row=row,
                since=row.changed_at,
                reasons=row.reasons,
                parts=[*_ceremony_of(row.consent), *samples],
                refs={**_refs(row.consent), "voice": row.id},
                asked_about=row.id,
                asked_as=Event.VOICE_CREATED,
                findings=row.comparison,
            )

    def open(self, case: Case, part: str) -> Material:
        if part == CEREMONY:
            return _ceremony(case)
        position = int(part.rpartition("-")[2])
        return Material(held_voices.sound(case.row, position=position), WAV, f"{part}-{case.about_id}.wav")

    def act(self, case: Case, *, approve: bool, words: str, note: dict[str, Any]) -> None:  # noqa: ARG002 - a desk's
        if approve:
            tasks.queue_enrolment(held_voices.approve(case.about_id))
        else:
            held_voices.refuse(case.about_id, words=words)


class Clips:
    """Withheld output: it is listened to and noted, and never released, since it bears no mark."""

    def waiting(self) -> Iterable[Case]:
        for row in queries.withheld_unheard():
            voice: Voice = row.request.voice
            yield Case(
                kind=ReviewKind.CLIP,
                about_id=row.id,
                consent=voice.consent,
                row=row,
                since=row.ended_at or row.issued_at,
                reasons=row.reasons,
                parts=[*_ceremony_of(voice.consent), ("clip", "What the engine made, withheld and unmarked")],
                refs={"permit": row.id, "voice": voice.id, "speaker": voice.speaker_id, "consent": voice.consent_id},
                asked_about=row.request_id,
                requested_by=row.request.requested_by,
                findings={name: value for name, value in row.examination.items() if name != "heard"},
            )

    def open(self, case: Case, part: str) -> Material:
        if part == CEREMONY:
            return _ceremony(case)
        return Material(permits.open_withheld(case.row), WAV, f"withheld-{case.about_id}.wav")

    def act(self, case: Case, *, approve: bool, words: str, note: dict[str, Any]) -> None:  # noqa: ARG002 - a desk's
        if approve:
            raise ReviewRefusedError("clip-never-released", "A withheld clip bears no mark, so it is never released.")
        Permit.objects.select_for_update().get(id=case.about_id)
        if not queries.withheld_unheard().filter(id=case.about_id).exists():
            raise ReviewRefusedError("review-unknown", "Somebody noted this clip a moment ago.")


DESKS: dict[str, Desk] = {
    ReviewKind.RECORDING: Recordings(),
    ReviewKind.REPRESENTATIVE: Representatives(),
    ReviewKind.VOICE: Voices(),
    ReviewKind.CLIP: Clips(),
}


def _accepted(consent: ConsentRecord) -> CeremonyRecording | None:
    found = CeremonyRecording.objects.filter(consent=consent, status=RecordingStatus.ACCEPTED)
    return found.exclude(blob="").select_related("consent").first()


def _ceremony_of(consent: ConsentRecord) -> list[tuple[str, str]]:
    """The voice that said yes, to be heard beside what is in doubt."""
    return [(CEREMONY, "The voice that gave the consent")] if _accepted(consent) else []


def _ceremony(case: Case) -> Material:
    recording = _accepted(case.consent)
    if recording is None:
        raise ReviewRefusedError("review-unknown", "The recording of the consent is not kept any more.")
    return Material(held.sound(recording), WAV, f"{CEREMONY}-{recording.id}.wav")


def _refs(consent: ConsentRecord) -> dict[str, UUID]:
    return {"consent": consent.id, "speaker": consent.speaker_id}
