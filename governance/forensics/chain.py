"""The way back from a clip to the yes that it rests on, each step with its entry in the log and how provable that is.

Clip, request, decisions, permit, consent, voice, deliveries. Only for the organisation whose clip it is: another's is
as unknown as none. What was said and whose voice it is are shown to examiners alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import listing, proving
from audit.events import Event
from audit.log import append
from audit.queries import EntryView, entries
from consent.models import ConsentRecord
from governance.forensic_models import Examination
from governance.forensics import whose
from governance.forensics.errors import UnknownClipError
from governance.models import Clip, Decision

MOST_ENTRIES = 1_000
UNRECORDED = "unrecorded"
"""How provable a step is that has no entry: not at all. Else `waiting`, `unwitnessed` or `witnessed`."""
SAID: dict[str, dict[Event, str]] = {
    "clip": {
        Event.RENDER_COMPLETED: "The clip was made, marked and read back.",
        Event.CLIP_MARK_REGISTERED: "Its mark was put on the register.",
    },
    "request": {Event.SYNTHESIS_REQUESTED: "An application asked for it."},
    "decision": {Event.SYNTHESIS_DECIDED: "The gate decided."},
    "permit": {Event.PERMIT_ISSUED: "A permit to make it was issued, for once."},
    "consent": {
        Event.CONSENT_GIVEN: "The speaker gave their consent.",
        Event.CONSENT_RECEIPT_ISSUED: "The speaker got their receipt.",
        Event.CONSENT_NARROWED: "The speaker took back a part of it.",
        Event.CONSENT_SUPERSEDED: "Another consent took its place.",
        Event.CONSENT_WITHDRAWN: "The speaker took it back.",
        Event.CONSENT_EXPIRED: "It ended.",
    },
    "voice": {
        Event.VOICE_CREATED: "The voice was handed in.",
        Event.VOICE_REFERENCE_SEALED: "Its reference was sealed.",
        Event.VOICE_PREPARED: "The engine was prepared for it.",
        Event.VOICE_MOVED: "It passed to another consent.",
        Event.VOICE_ERASED: "It was erased.",
    },
    "delivery": {
        Event.CLIP_RELEASED: "The clip was handed out.",
        Event.CLIP_RELEASE_REFUSED: "The clip was asked for and refused.",
        Event.CLIP_MADE_UNRELEASABLE: "The clip was stopped for good.",
    },
}


@dataclass(frozen=True)
class Step:
    """One step of the way back.

    Attributes:
        kind: clip, request, decision, permit, consent, voice or delivery.
        id: of the row.
        what: in a sentence, what happened.
        at: when.
        entry_id: its entry in the audit record; None where there is none (`unrecorded`).
        event: the entry's kind of event, empty where there is none.
        index: the entry's place in the log, None until it has one.
        standing: `witnessed`, `unwitnessed`, `waiting`, or `unrecorded`.
        details: what the row says; names and words for examiners alone.
    """

    kind: str
    id: UUID
    what: str
    at: datetime
    entry_id: UUID | None
    event: str
    index: int | None
    standing: str
    details: dict[str, Any]


def follow(examination: Examination, clip_id: UUID) -> list[Step]:
    """For an examiner: the way back from a clip that this examination found, with names and words; on record.

    Raises:
        UnknownClipError: the examination found no such clip of this organisation.
    """
    if clip_id not in whose.own_clips(examination):
        raise UnknownClipError("This examination found no such clip of this organisation.")
    steps = chain_of(clip_id, revealing=True)
    note_look(examination, clip_id)
    return steps


def note_look(examination: Examination, clip_id: UUID) -> None:
    """Put on record that the actor in scope looks at the way back from a clip of an examination."""
    refs = {"examination": examination.id, "clip": clip_id}
    append(Event.EXAMINATION_OPENED, refs=refs, data={"part": "chain"})


def chain_of(clip_id: UUID, *, revealing: bool = False) -> list[Step]:
    """The way back from a clip of the organisation in scope; `revealing` adds the script's text and the names.

    Raises:
        UnknownClipError: there is no such clip here.
    """
    clip = Clip.objects.select_related("permit__request", "voice__speaker").filter(id=clip_id).first()
    if clip is None:
        raise UnknownClipError("There is no such clip.")
    rows = list(_rows(clip, revealing=revealing))
    found = [_entries_of(row) for row in rows]
    places = listing.places(entry.id for several in found for entry in several)
    reach = proving.reach()
    return [step for row, several in zip(rows, found, strict=True) for step in _steps(row, several, places, reach)]


@dataclass(frozen=True)
class _Row:
    """A row on the way, whose entries are those of its kind about `about` that name it under `reference`."""

    kind: str
    reference: str
    id: UUID
    at: datetime
    details: dict[str, Any]
    needed: bool = True


def _rows(clip: Clip, *, revealing: bool) -> Iterator[_Row]:
    permit, request = clip.permit, clip.permit.request
    stopped = {"unreleasable_reason": clip.unreleasable_reason} if clip.unreleasable_since else {}
    made = {"seconds": round(clip.seconds, 2), "models": clip.models_used}
    yield _Row("clip", "clip", clip.id, clip.made_at, {**made, **stopped})
    asked = {"purpose": request.purpose, "language": request.language, "requested_by": request.requested_by}
    words = {"text": request.text} if revealing else {}
    yield _Row("request", "request", request.id, request.received_at, {**asked, **words})
    for decision in Decision.objects.filter(request=request).order_by("decided_at", "id"):
        yield _Row("decision", "decision", decision.id, decision.decided_at, _weighed(decision))
    yield _Row("permit", "permit", permit.id, permit.issued_at, {"status": permit.status})
    for consent in _consents(clip):
        names = {"speaker": consent.speaker.name} if revealing else {}
        since = consent.given_at or consent.requested_at
        yield _Row("consent", "consent", consent.id, since, {**_terms(consent), **names})
    voice = clip.voice
    named = {"name": voice.name} if revealing else {}
    state = {"language": voice.language, "status": voice.status}
    yield _Row("voice", "voice", voice.id, voice.created_at, {**state, **named})
    yield _Row("delivery", "clip", clip.id, clip.made_at, {}, needed=False)


def _consents(clip: Clip) -> Iterable[ConsentRecord]:
    """The consent that was asked of at the time, and the one that the voice stands on today where it is another."""
    asked = entries(about=clip.permit.request_id, event=Event.SYNTHESIS_REQUESTED, limit=1)
    then = [entry.refs["consent"] for entry in asked if "consent" in entry.refs]
    wanted = list(dict.fromkeys([*then, clip.voice.consent_id]))
    rows = ConsentRecord.objects.select_related("speaker").prefetch_related("purposes").in_bulk(wanted)
    return [rows[consent_id] for consent_id in wanted if consent_id in rows]


def _weighed(decision: Decision) -> dict[str, Any]:
    rules = [objection["rule"] for objection in decision.objections]
    return {
        "stage": decision.stage,
        "effect": decision.effect,
        "rules": rules,
        "policy_version": decision.policy_version,
    }


def _terms(consent: ConsentRecord) -> dict[str, Any]:
    return {
        "status": consent.status,
        "purposes": sorted(named.purpose for named in consent.purposes.all()),
        "languages": consent.languages,
        "notice_sha256": consent.notice_sha256,
        "valid_until": consent.valid_until.isoformat(),
    }


def _entries_of(row: _Row) -> list[EntryView]:
    found = [entry for event in SAID[row.kind] for entry in entries(about=row.id, event=event, limit=MOST_ENTRIES)]
    mine = [entry for entry in found if entry.refs.get(row.reference) == row.id]
    return sorted(mine, key=lambda entry: (entry.occurred_at, entry.id))


def _steps(row: _Row, found: list[EntryView], places: dict[UUID, int], reach: proving.Reach) -> Iterator[Step]:
    if not found and row.needed:
        what = "There is no entry about this in the record."
        yield Step(row.kind, row.id, what, row.at, None, "", None, UNRECORDED, row.details)
    for entry in found:
        index = places.get(entry.id)
        details = {**row.details, **_on_record(entry)}
        yield Step(
            kind=row.kind,
            id=row.id,
            what=SAID[row.kind][entry.event],
            at=entry.occurred_at,
            entry_id=entry.id,
            event=entry.event.value,
            index=index,
            standing=reach.standing_of(index),
            details=details,
        )


def _on_record(entry: EntryView) -> dict[str, Any]:
    """What the entry itself says of files: in which form, and the hash of each."""
    return {name: said for name, said in entry.data.items() if name == "form" or name.endswith("_sha256")}
