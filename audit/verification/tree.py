"""Every leaf in its place, every tile and bundle byte for byte, and the state that they add up to."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from audit.merkle import CompactRange, leaf_hash
from audit.models import Leaf, LogState
from audit.tiles import WIDTH
from audit.verification.damage import Account, DamageError, Watch
from audit.verification.files import Files
from audit.verification.statements import Statements

_READ = 16 * WIDTH  # leaves in memory at a time
_BEYOND = "SELECT min(index) FROM audit_leaf WHERE index >= (SELECT size FROM audit_logstate WHERE id = 1)"
_REWRITTEN = "the leaf was changed after it was logged, its hash was, or the disk lost a bit"


def check_tree(account: Account, *, shown: int, watch: Watch) -> int:
    """Walks the log from its first leaf to its last, and returns its size.

    Args:
        account: told what was looked at.
        shown: the size of the published checkpoint, read before.
        watch: told how far it is.
    """
    state = _state(shown)
    files, statements = Files(account, shown=shown), Statements(account, size=state.size)
    grown = statements.follow(CompactRange(), [])
    for rows in _bundles(state.size):
        leaves = [bytes(row.leaf) for row in rows]
        hashes = [_checked_hash(row) for row in rows]
        files.check_bundle(leaves, hashes)
        grown = statements.follow(grown, hashes)
        account.leaves = grown.size
        watch("leaves and tiles", grown.size, state.size)
    files.finish()
    _check_state(state, grown)
    statements.finish()
    return state.size


def _state(shown: int) -> LogState:
    state = LogState.objects.filter(id=1).first()
    if state is None:
        raise DamageError(
            "The state of the log", expected="one row", found="none", meaning="it was deleted: restore a backup"
        )
    if state.size < shown:
        raise DamageError(
            "The state of the log",
            expected=f"at least the {shown} entries of the published checkpoint",
            found=f"{state.size} entries",
            meaning="the database was restored from an older backup, or rewritten",
        )
    return state


def _bundles(size: int) -> Iterator[list[Leaf]]:
    """All leaves below `size` in bundles of 256, each at the index where it must be."""
    for start in range(0, size, _READ):
        end = min(size, start + _READ)
        rows = list(Leaf.objects.filter(index__gte=start, index__lt=end).order_by("index"))
        for expected, row in zip(range(start, end), rows, strict=False):
            if row.index != expected:
                raise _missing(expected, size)
        if len(rows) < end - start:
            raise _missing(start + len(rows), size)
        yield from (rows[at : at + WIDTH] for at in range(0, len(rows), WIDTH))


def _missing(index: int, size: int) -> DamageError:
    return DamageError(
        f"Leaf {index}",
        expected=f"a row: the state speaks of {size} leaves",
        found="none",
        meaning="the leaf was deleted or given another index, or the state was changed",
    )


def _checked_hash(row: Leaf) -> bytes:
    expected = leaf_hash(bytes(row.leaf))
    if bytes(row.leaf_hash) != expected:
        raise DamageError(
            f"The hash of leaf {row.index} (entry {row.entry_id})",
            expected=expected,
            found=bytes(row.leaf_hash),
            meaning=_REWRITTEN,
        )
    return expected


def _check_state(state: LogState, grown: CompactRange) -> None:
    """The state's root and range are what the leaves lead to, and no leaf lies beyond it."""
    for name, expected, found in (
        ("root", grown.root(), bytes(state.root)),
        ("compact range", grown.to_bytes(), bytes(state.range)),
    ):
        if expected != found:
            raise DamageError(
                f"The {name} in the state of the log, at {state.size} entries",
                expected=expected,
                found=found,
                meaning="the state row was changed, or leaves were rewritten together with their hashes",
            )
    with connection.cursor() as cursor:
        cursor.execute(_BEYOND)
        (beyond,) = cursor.fetchone()
    if beyond is not None:
        raise DamageError(
            f"Leaf {beyond}",
            expected="no leaf beyond the size in the state of the log",
            found="a row",
            meaning="the state was set back, or a leaf was put in past the sequencer",
        )
