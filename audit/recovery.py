"""Rolls the log of a restored database forward to what was published since its backup was made.

The published entry bundles hold every leaf, so the log goes on where it was seen last; a database that went back
would show a second history, which every witness would refuse. The entries behind those leaves are lost with the
database and are not made up: their leaves stay provable, and a row of `Recovery` tells verification which they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from audit import identity, storage
from audit.errors import LogError, TransparencyError
from audit.merkle import CompactRange, leaf_hash
from audit.models import Recovery
from audit.notes import Checkpoint, Note, verify
from audit.tiles import TileReader

STEP = 4_096
_COPY = "COPY audit_leaf (index, entry_id, leaf, leaf_hash) FROM STDIN (FORMAT BINARY)"
_ADVANCE = "UPDATE audit_logstate SET size = %s, root = %s, range = %s WHERE id = 1 AND size = %s AND root = %s"
_EVENTS = "SELECT entry_id FROM audit_leaf WHERE convert_from(leaf, 'UTF8')::jsonb ->> 'event' = ANY (%s)"


@dataclass(frozen=True)
class Recovered:
    """How many leaves the database had, and how many the log has now."""

    before: int
    after: int


def roll_forward() -> Recovered:
    """Append every published leaf that the database lacks, all or none, checked against the published checkpoint.

    Entries that still waited when the backup was made, and were logged since, wait no longer. Run it while nothing
    else writes.

    Raises:
        LogError: the checkpoint is not this log's, the tiles do not lead to its root, or what the database holds is
            not the beginning of what was published.
    """
    note = storage.published()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT size, root, range FROM audit_logstate WHERE id = 1 FOR UPDATE")
        size, root, hashes = cursor.fetchone()
        state = CompactRange.from_bytes(size, bytes(hashes))
        if note is None:
            return Recovered(size, size)
        published = _own(note)
        if published.size <= size:
            return Recovered(size, size)
        grown = _append(state, TileReader(storage.read, size=published.size))
        if grown.root() != published.root:
            raise LogError(
                f"The restored database's {size} entries are not the beginning of the {published.size} that were "
                "published, or the published tiles are damaged. Nothing was changed: restore a backup of this log."
            )
        cursor.execute(_ADVANCE, [grown.size, grown.root(), grown.to_bytes(), size, bytes(root)])
        if cursor.rowcount != 1:
            raise LogError("The log grew while it was rolled forward: stop everything else and begin again.")
        Recovery.objects.create(first=size, size=grown.size)
    return Recovered(size, published.size)


def logged(events: Collection[str]) -> set[UUID]:
    """The entries in the log that are of one of these kinds, whoever's they are."""
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [list(events)])
        return {entry_id for (entry_id,) in cursor.fetchall()}


def _own(note: Note) -> Checkpoint:
    """What the published checkpoint says, once both of the log's signatures are found good."""
    try:
        verify(note, identity.verifier_keys())
        checkpoint = Checkpoint.parse(note.text)
    except TransparencyError as error:
        raise LogError(
            f"The published checkpoint does not bear this log's signature ({error}): restore the keyring and "
            "LOG_ORIGIN that belong to it."
        ) from error
    if checkpoint.origin != settings.LOG_ORIGIN:
        raise LogError(f"The published log is {checkpoint.origin}, and LOG_ORIGIN is {settings.LOG_ORIGIN}.")
    return checkpoint


def _append(state: CompactRange, reader: TileReader) -> CompactRange:
    for first in range(state.size, reader.size, STEP):
        try:
            leaves = [reader.leaf(index) for index in range(first, min(first + STEP, reader.size))]
        except (TransparencyError, FileNotFoundError) as error:
            raise LogError(f"The published entry bundles are incomplete: {error}") from error
        hashes = [leaf_hash(leaf) for leaf in leaves]
        _store(first, _entry_ids(leaves, first), leaves, hashes)
        state = state.extend(hashes)
    return state


def _entry_ids(leaves: Sequence[bytes], first: int) -> list[UUID]:
    try:
        return [UUID(json.loads(leaf)["id"]) for leaf in leaves]
    except (ValueError, KeyError, TypeError) as error:
        raise LogError(f"A published leaf from {first} on is no leaf of this log: {error}") from error


def _store(first: int, entry_ids: list[UUID], leaves: Sequence[bytes], hashes: Sequence[bytes]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(_COPY) as copy:
            copy.set_types(["int8", "uuid", "bytea", "bytea"])
            for row in zip(range(first, first + len(leaves)), entry_ids, leaves, hashes, strict=True):
                copy.write_row(row)
        cursor.execute("DELETE FROM audit_staged WHERE entry_id = ANY (%s)", [entry_ids])
