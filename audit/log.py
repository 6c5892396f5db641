"""Appending to the record, in the same transaction as the act itself: no act without entry, no entry without act."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TypeAlias
from uuid import UUID

from django.db import connection

from audit import leaves
from audit.errors import AuditError
from audit.events import Event
from tenancy.errors import ShreddedError
from tenancy.ids import new_id
from tenancy.keyring import ledger_salt
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
        "examination",
        "api_key",
        "protected_voice",
        "member",
    }
)
SUBJECTS = ("protected_voice", "speaker")  # the references to people, in the order of their commitments
# One statement, past the ORM: the table's triggers give the time and the place, and stage the entry for the log.
_INSERT = (
    "INSERT INTO audit_entry (id, organisation_id, event, actor, refs, data, commitments) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s)"
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
    unknown = refs.keys() - REFERENCES
    if unknown or not all(isinstance(value, UUID) for value in refs.values()):
        raise AuditError(f"References must be UUIDs under known keys; not {sorted(unknown) or refs!r}.")
    known, actor, organisation_id = Event(event), current_actor(), current_organisation()
    concerned = leaves.canonical({key: str(value) for key, value in refs.items()})
    particulars = leaves.canonical(_plain(dict(data or {})))
    entry_id = new_id()
    commitments = _commitments(entry_id, refs, _payload(actor, particulars, concerned))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [entry_id, organisation_id, known.value, actor, concerned, particulars, commitments])
    return entry_id


def _commitments(entry_id: UUID, refs: Mapping[str, UUID], committed: bytes) -> bytes:
    """One commitment for each person the entry refers to and whose secret lives; else one of the organisation's."""
    salts = []
    for key in SUBJECTS:
        if key in refs:
            with suppress(ShreddedError):
                salts.append(ledger_salt(refs[key], event_id=entry_id))
    salts = salts or [ledger_salt(None, event_id=entry_id)]
    return b"".join(leaves.commitment(committed, salt=salt) for salt in salts)


def _payload(actor: str, data: str, refs: str) -> bytes:
    try:
        return leaves.joined_payload(actor, data=data, refs=refs)
    except UnicodeEncodeError as error:
        raise AuditError("Audit data must be plain JSON text, without half surrogate pairs.") from error


def _plain(value: object) -> JSON:
    """The same value, known to be JSON through and through; anything else is a mistake of the caller."""
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, int) and abs(value) > leaves.LARGEST_INTEGER:
        raise AuditError("Audit data holds whole numbers up to 2^53 - 1, which every reader of JSON can hold exactly.")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and value - value == 0:  # neither infinite nor NaN, which JSON cannot say
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {_storable(key): _plain(item) for key, item in value.items()}
    raise AuditError(f"Audit data must be plain JSON, and {type(value).__name__} is not: convert it first.")


def _storable(text: str) -> str:
    """The text, known to be one that PostgreSQL keeps."""
    if "\0" in text:
        raise AuditError("Audit data must be plain JSON text, without NUL characters.")
    return text
