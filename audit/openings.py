"""Opening an entry's commitments: the committed bytes, and the salts of the subjects who were not erased."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from audit.leaves import commitment, payload
from audit.log import SUBJECTS
from audit.queries import EntryView
from tenancy import keyring
from tenancy.errors import ShreddedError


@dataclass(frozen=True)
class Opened:
    """One commitment (32 bytes) with its salt, or without one when the subject's secret was destroyed."""

    commitment: bytes
    salt: bytes | None


@dataclass(frozen=True)
class Opening:
    """The bytes that were committed to, and what opens each commitment, in the order of the leaf."""

    payload: bytes
    salts: tuple[Opened, ...]


def opening_of(entry: EntryView) -> Opening:
    """Whatever can still be opened of an entry of the organisation in scope."""
    committed = payload(entry.actor, entry.data, {kind: str(value) for kind, value in entry.refs.items()})
    known = {commitment(committed, salt=salt): salt for salt in _salts(entry)}
    return Opening(committed, tuple(Opened(value, known.get(value)) for value in entry.commitments))


def _salts(entry: EntryView) -> list[bytes]:
    """The salts that can still be derived: of every subject, and of the organisation (for entries without any)."""
    subjects: list[UUID | None] = [entry.refs[kind] for kind in SUBJECTS if kind in entry.refs]
    found = []
    for subject_id in [*subjects, None]:
        try:
            found.append(keyring.ledger_salt(subject_id, event_id=entry.id))
        except ShreddedError:
            continue
    return found
