"""Appending to the record, in the same transaction as the act itself: no act without entry, no entry without act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

from audit.errors import AuditError
from audit.events import Event
from audit.models import Entry
from tenancy.scope import current_actor, current_organisation

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"

REFERENCES = frozenset(
    {
        "speaker",
        "consent",
        "recording",
        "voice",
        "request",
        "decision",
        "permit",
        "clip",
        "detection",
        "api_key",
        "protected_voice",
        "member",
    }
)


def append(event: str, *, refs: Mapping[str, UUID], data: Mapping[str, object] | None = None) -> UUID:
    """Writes that `event` happened, in the scope's organisation and by its actor.

    Args:
        event: a member of `Event`, or its value.
        refs: the rows it concerns, by kind; each key is one of `REFERENCES`.
        data: further particulars as plain JSON; never names, addresses or other personal data.

    Returns:
        The entry's identifier.
    """
    unknown = set(refs) - REFERENCES
    if unknown or not all(isinstance(value, UUID) for value in refs.values()):
        raise AuditError(f"References must be UUIDs under known keys; not {sorted(unknown) or refs!r}.")
    entry = Entry.objects.create(
        organisation_id=current_organisation(),
        event=Event(event),
        actor=current_actor(),
        refs={key: str(value) for key, value in refs.items()},
        data=_plain(dict(data or {})),
    )
    return entry.pk


def _plain(value: object) -> JSON:
    """The same value, known to be JSON through and through; anything else is a mistake of the caller."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and value - value == 0:  # neither infinite nor NaN, which JSON cannot say
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(item) for key, item in value.items()}
    raise AuditError(f"Audit data must be plain JSON, and {type(value).__name__} is not: convert it first.")
