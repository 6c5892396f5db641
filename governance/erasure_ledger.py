"""The erasure ledger: a file apart from database and backups that says what must be taken back again after a restore.

JSON Lines, one line per erasure and one per part of a consent that a speaker took back, only ever appended to and
written through to the disk. It names identifiers alone. A line is written when its act has committed; what a crash
kept from being written is added by `repair`.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from django.conf import settings

from audit.events import Event
from audit.queries import EntryView, entries
from governance.errors import ErasureError
from governance.models import DestructionCertificate
from tenancy.models import Organisation
from tenancy.scope import organisation_scope

FORMAT = 1
NARROWING = "narrowing"


@dataclass(frozen=True)
class Line:
    """One erasure; `consent` is None where everything of the speaker went without a consent as the occasion.

    Under a legal hold it is `postponed`: uses ended, and nothing was destroyed. `also` are the consents that ended
    with it: those whose place it took, and requests that would have taken its own.
    """

    at: str
    certificate: UUID
    entry: UUID
    organisation: UUID
    speaker: UUID
    consent: UUID | None
    reason: str
    key_shredded: bool
    postponed: bool
    also: tuple[UUID, ...] = ()

    def to_json(self) -> str:
        return _json(asdict(self))


@dataclass(frozen=True)
class Narrowing:
    """A part of a consent that its speaker took back; `entry` is the log's of that act."""

    at: str
    entry: UUID
    organisation: UUID
    speaker: UUID
    consent: UUID
    taken_back: tuple[str, ...]
    clips_may_be_distributed: bool

    def to_json(self) -> str:
        return _json({"kind": NARROWING, **asdict(self)})


AnyLine = Line | Narrowing


def narrowing_of(entry: EntryView, *, organisation_id: UUID) -> Narrowing:
    """The line of an entry that says what a speaker took back."""
    taken_back = cast("list[str]", entry.data["taken_back"])
    return Narrowing(
        at=entry.occurred_at.isoformat(),
        entry=entry.id,
        organisation=organisation_id,
        speaker=entry.refs["speaker"],
        consent=entry.refs["consent"],
        taken_back=tuple(taken_back),
        clips_may_be_distributed=bool(entry.data["clips_may_be_distributed"]),
    )


def line_of(certificate: DestructionCertificate) -> Line:
    return Line(
        at=certificate.issued_at.isoformat(),
        certificate=certificate.id,
        entry=certificate.entry_id,
        organisation=certificate.organisation_id,
        speaker=certificate.speaker_id,
        consent=certificate.consent_id,
        reason=certificate.reason,
        key_shredded=certificate.key_shredded,
        postponed=certificate.body["postponed_by_legal_hold"],
        also=tuple(
            UUID(consent)
            for consent in certificate.body.get("consents", [])  # certificates from before there was any succession
            if UUID(consent) != certificate.consent_id
        ),
    )


def write(lines: Iterable[AnyLine], *, path: Path | None = None) -> int:
    """Append lines that the ledger does not have yet, and wait for the disk; how many there were.

    One writer at a time. A last line that a crash cut short is ended first, so that it harms no other.
    """
    ledger = settings.ERASURE_LEDGER if path is None else path
    ledger.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(ledger, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        raw = file.read()
        known = {line.entry for line in parse(raw)}
        new = [line for line in lines if line.entry not in known]
        if new:
            cut_short = b"" if not raw or raw.endswith(b"\n") else b"\n"
            file.write(cut_short + "".join(f"{line.to_json()}\n" for line in new).encode())
            file.flush()
            os.fsync(file.fileno())
    return len(new)


def read(path: Path | None = None) -> list[AnyLine]:
    """Every line, oldest first; a ledger that does not exist has none.

    Raises:
        ErasureError: a line is damaged (not merely cut short), or of another format.
    """
    ledger = settings.ERASURE_LEDGER if path is None else path
    return parse(ledger.read_bytes()) if ledger.exists() else []


def parse(raw: bytes) -> list[AnyLine]:
    """The lines in the bytes of a ledger; one that a crash cut short was never complete and is passed over."""
    lines: list[AnyLine] = []
    for number, text in enumerate(filter(None, raw.split(b"\n")), start=1):
        try:
            lines.append(_line(json.loads(text)))
        except (ValueError, KeyError, TypeError) as error:
            if _cut_short(text):
                continue
            message = f"Line {number} of the erasure ledger is damaged: restore the ledger from its own copy."
            raise ErasureError(message) from error
    return lines


def repair() -> int:
    """Write every erasure and narrowing of the database that the ledger lacks; how many there were."""
    known = {line.entry for line in read()}
    missing: list[AnyLine] = []
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with organisation_scope(organisation_id, actor="system"):
            issued = DestructionCertificate.objects.exclude(entry_id__in=known).order_by("issued_at")
            missing += [line_of(certificate) for certificate in issued]
            narrowed = entries(event=Event.CONSENT_NARROWED, limit=sys.maxsize)
            missing += [narrowing_of(e, organisation_id=organisation_id) for e in narrowed if e.id not in known]
    return write(missing) if missing else 0


def _json(told: dict[str, Any]) -> str:
    return json.dumps({"v": FORMAT, **told}, separators=(",", ":"), default=str)


def _cut_short(text: bytes) -> bool:
    """Whether a line is the beginning of one of ours, as a crash leaves it."""
    return text.startswith(b'{"v":') and not text.endswith(b"}")


def _line(found: dict[str, Any]) -> AnyLine:
    if found["v"] != FORMAT:
        raise ValueError(f"format {found['v']}")
    return _narrowing(found) if found.get("kind") == NARROWING else _erasure(found)


def _narrowing(found: dict[str, Any]) -> Narrowing:
    return Narrowing(
        at=str(found["at"]),
        entry=UUID(found["entry"]),
        organisation=UUID(found["organisation"]),
        speaker=UUID(found["speaker"]),
        consent=UUID(found["consent"]),
        taken_back=tuple(str(purpose) for purpose in found["taken_back"]),
        clips_may_be_distributed=bool(found["clips_may_be_distributed"]),
    )


def _erasure(found: dict[str, Any]) -> Line:
    return Line(
        at=str(found["at"]),
        certificate=UUID(found["certificate"]),
        entry=UUID(found["entry"]),
        organisation=UUID(found["organisation"]),
        speaker=UUID(found["speaker"]),
        consent=None if found["consent"] is None else UUID(found["consent"]),
        reason=str(found["reason"]),
        key_shredded=bool(found["key_shredded"]),
        postponed=bool(found["postponed"]),
        also=tuple(UUID(consent) for consent in found.get("also", [])),
    )
