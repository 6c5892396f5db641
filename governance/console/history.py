"""Audit entries made ready to be read: who did it by name, and where each thing they touched can be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from audit.queries import EntryView, entries
from governance import queries
from governance.console.wording import Figure, figures, plainly

_PAGES = {
    "voice": "console:voice",
    "decision": "console:decision",
    "consent": "console:consent",
    "clip": "console:clip",
    "examination": "console:examination",
}
_KINDS = {"api-key": "API key", "member": "Member", "speaker": "Speaker", "system": "System"}


@dataclass(frozen=True)
class Touched:
    """One thing that an entry refers to; `address` is empty when it has no page of its own."""

    kind: str
    identifier: UUID
    address: str


@dataclass(frozen=True)
class Happening:
    """One audit entry as it is shown."""

    identifier: UUID
    event: str
    occurred_at: datetime
    actor: str
    touched: tuple[Touched, ...]
    data: tuple[Figure, ...]


def happenings(found: Sequence[EntryView]) -> list[Happening]:
    names = queries.names_of({entry.actor for entry in found})
    return [_happening(entry, names) for entry in found]


def about(*identifiers: UUID | None) -> list[Happening]:
    """Everything that happened to any of these, once each, oldest first."""
    found: dict[UUID, EntryView] = {}
    for identifier in identifiers:
        if identifier is not None:
            found.update({entry.id: entry for entry in entries(about=identifier)})
    return happenings(sorted(found.values(), key=lambda entry: (entry.occurred_at, entry.id)))


def actor_name(actor: str, names: dict[str, str]) -> str:
    """`Member asha`, `API key Newsroom`, or the kind with the end of the identifier when the name is not known."""
    kind, _, identifier = actor.partition(":")
    name = names.get(actor) or (f"…{identifier[-8:]}" if identifier else "")
    return f"{_KINDS.get(kind, plainly(kind))} {name}".strip()


def _happening(entry: EntryView, names: dict[str, str]) -> Happening:
    return Happening(
        identifier=entry.id,
        event=str(entry.event),
        occurred_at=entry.occurred_at,
        actor=actor_name(entry.actor, names),
        touched=tuple(_touched(entry.refs.items())),
        data=tuple(figures({name: value for name, value in entry.data.items() if value not in ([], "")})),
    )


def _touched(refs: Iterable[tuple[str, Any]]) -> Iterable[Touched]:
    for kind, value in refs:
        identifier = value if isinstance(value, UUID) else UUID(str(value))
        address = reverse(_PAGES[kind], args=[identifier]) if kind in _PAGES else ""
        yield Touched(plainly(kind), identifier, address)
