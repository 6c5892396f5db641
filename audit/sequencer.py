"""Gives committed entries their places in the log: one batch, one transaction, exactly once, and no request waits.

Entries are consumed, not remembered by number: numbers are given on insertion and become visible on commit, so
"all after the last one seen" would lose rows, while a row that is deleted from the queue in the transaction that
logs it is logged exactly once. Nothing is signed here: `audit.publishing` does that, after the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from audit.errors import LogError
from audit.leaves import leaf, organisation_tag, split
from audit.merkle import CompactRange, leaf_hash
from audit.storage import published_size

BATCH = 4_096
_TAKE = """
    DELETE FROM audit_staged WHERE ctid = ANY (ARRAY (SELECT ctid FROM audit_staged ORDER BY entry_id LIMIT %s))
    RETURNING occurred_at, entry_id, event, organisation_id, commitments
"""  # in the order of the identifiers, which are made of the time and indexed: no sorting of a long queue
_COPY = "COPY audit_leaf (index, entry_id, leaf, leaf_hash) FROM STDIN (FORMAT BINARY)"
_ADVANCE = "UPDATE audit_logstate SET size = %s, root = %s, range = %s WHERE id = 1 AND size = %s AND root = %s"


@dataclass(frozen=True)
class _State:
    range: CompactRange
    root: bytes


def sequence_once(limit: int = BATCH) -> int:
    """Logs at most `limit` of the entries that wait, and returns how many; 0 when none waits.

    Safe to call from several processes at once, and after any failure: everything is read anew, and done or not.

    Raises:
        LogError: the published log is ahead of the database, or the state does not agree with itself.
    """
    with transaction.atomic(durable=True):
        if not _someone_waits():  # looked up first: an idle sequencer locks nothing and writes nothing
            return 0
        state = _locked_state()
        taken = _take(limit)
        leaves = [_leaf(*row) for row in taken]
        hashes = [leaf_hash(content) for content in leaves]
        _store([entry_id for _, entry_id, *_ in taken], leaves, hashes, first=state.range.size)
        if taken:
            _advance(state, state.range.extend(hashes))
    return len(taken)


def _someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM audit_staged)")
        return bool(cursor.fetchone()[0])


def _take(limit: int) -> list[tuple[datetime, UUID, str, UUID, bytes]]:
    """Consumes up to `limit` waiting entries; they come back in the order in which they happened."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [limit])
        return sorted(cursor.fetchall())


def _locked_state() -> _State:
    """The state of the log, ours until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, root, range FROM audit_logstate WHERE id = 1 FOR UPDATE")
        row = cursor.fetchone()
    if row is None:
        raise LogError("The log has no state row: restore the database from a backup.")
    size, root, hashes = row
    state = _State(CompactRange.from_bytes(size, bytes(hashes)), bytes(root))
    if state.range.root() != state.root:
        raise LogError("The log's state does not agree with its own root: run `manage.py verify_audit_log`.")
    published = published_size()
    if published > size:
        raise LogError(
            f"The published log has {published} entries and the database only {size}: it was restored from an "
            "older backup. Roll it forward with `manage.py restore` before anything more is logged."
        )
    return state


def _leaf(occurred_at: datetime, entry_id: UUID, event: str, organisation_id: UUID, commitments: bytes) -> bytes:
    return leaf(
        event_id=entry_id,
        event=event,
        occurred_at=occurred_at,
        organisation_tag=organisation_tag(organisation_id),
        commitments=split(bytes(commitments)),
    )


def _store(entry_ids: Sequence[UUID], leaves: Sequence[bytes], hashes: Sequence[bytes], *, first: int) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(["int8", "uuid", "bytea", "bytea"])
        for row in zip(range(first, first + len(leaves)), entry_ids, leaves, hashes, strict=True):
            copy.write_row(row)


def _advance(state: _State, grown: CompactRange) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, [grown.size, grown.root(), grown.to_bytes(), state.range.size, state.root])
        if cursor.rowcount != 1:
            raise LogError("The log grew under the sequencer's hands: two of them hold the same lock. Nothing is lost.")
