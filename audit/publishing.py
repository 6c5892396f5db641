"""Shows everyone what is committed: tiles first, then a signed checkpoint on record, then the file that holds it.

Each step may be the last before a crash, and the next call does what is left: the database says what there is, and
the checkpoint in storage how much of it is shown. A checkpoint is signed once, when the tiles that lie in storage
lead to the root that the database committed; it is on record before anyone outside can see it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.db import connection

from audit import identity, storage
from audit.errors import LogError, NoteError, TransparencyError
from audit.locks import PUBLICATION, held
from audit.merkle import CompactRange, leaf_hash
from audit.models import Checkpoint, Leaf, LogState
from audit.notes import Checkpoint as Statement
from audit.notes import Note, sign, verify
from audit.queries import CheckpointView, checkpoint_view
from audit.tiles import WIDTH, TileReader, bundle_path, encode_bundle, grown_tiles, new_tiles, tile_path

STEP = WIDTH * WIDTH  # leaves whose tiles are made at a time
_REBUILD = "`manage.py verify_audit_log` says what, and `manage.py sequence_audit_log --rebuild` writes the tiles anew."


def publish(*, rebuild: bool = False, progress: Callable[[int], object] = int) -> CheckpointView | None:
    """Publishes all that is logged, and returns the latest checkpoint; None for an empty log.

    Does nothing when everything is published already. With `rebuild` every tile is written anew from the database.
    `progress` is told now and then for how many leaves the tiles are stored.

    Raises:
        LogError: what is published is not the beginning of what the database holds, or the tiles do not lead to its
            root, or the caller is inside a transaction, which might yet be undone. Nothing was signed.
    """
    if connection.in_atomic_block:
        raise LogError("Only what is committed may be published: call publish() outside any transaction.")
    with held(PUBLICATION):
        state = LogState.objects.get()
        size, root = state.size, bytes(state.root)
        shown = storage.published()
        start = 0 if shown is None else _beginning(shown, size, root)
        if size == 0:
            return None
        if rebuild or start < size:
            start = 0 if rebuild else start
            _write_tiles(start, size, root, progress=progress)
            row = _on_record(size, root)
            storage.write(storage.CHECKPOINT, (row.cosigned or row.note).encode())
            _discard_partial_tiles(start, size)
        return checkpoint_view(_on_record(size, root, shown=shown))


def show(size: int, note: str) -> bool:
    """Puts `note`, a cosigned checkpoint of `size` leaves, before everyone, unless a larger log is shown by now."""
    with held(PUBLICATION):
        if storage.published_size() > size:
            return False
        storage.write(storage.CHECKPOINT, note.encode())
        return True


def _beginning(note: Note, size: int, root: bytes) -> int:
    """The size of the published log, which must be ours and a beginning of what the database holds."""
    shown = Statement.parse(note.text)
    try:
        verify(note, identity.verifier_keys())
    except NoteError as error:
        raise LogError(
            f"The published checkpoint does not bear this log's signature ({error}). Restore the keyring and "
            "LOG_ORIGIN that belong to this log; with others it is another log, and needs an empty storage."
        ) from error
    if shown.size > size:
        raise LogError(
            f"The published log has {shown.size} entries and the database only {size}: it was restored from an older "
            "backup. Roll it forward with `manage.py restore` before anything more is published."
        )
    if shown.root != (root if shown.size == size else _root_at(shown.size)):
        raise LogError(
            f"The published log and the database disagree about the first {shown.size} entries: one of the two was "
            "rewritten. Nothing more is published; run `manage.py verify_audit_log` and keep both as evidence."
        )
    return shown.size


def _root_at(size: int) -> bytes:
    """The root over the first `size` leaves: on record, or worked out where the record was restored without it."""
    row = Checkpoint.objects.filter(size=size).first()
    if row is not None:
        return bytes(row.root)
    hashes = Leaf.objects.filter(index__lt=size).order_by("index").values_list("leaf_hash", flat=True)
    return CompactRange().extend(bytes(value) for value in hashes.iterator(STEP)).root()


def _write_tiles(start: int, size: int, root: bytes, *, progress: Callable[[int], object]) -> None:
    """Stores every bundle and tile that `size` leaves have and `start` had not, and reads back what they lead to."""
    try:
        while start < size:
            end = min(size, start - start % STEP + STEP)
            _write_step(start, end)
            start = end
            progress(end)
        reader = TileReader(storage.read, size=size)
        found = CompactRange(size, tuple(reader.node(level, index) for level, index in _subtrees(size))).root()
    except (TransparencyError, FileNotFoundError) as error:
        raise LogError(f"The stored tiles are damaged: {error} {_REBUILD}") from error
    if found != root:
        raise LogError(f"The stored tiles do not lead to the root of the database at {size} entries. {_REBUILD}")


def _write_step(start: int, end: int) -> None:
    first = start - start % WIDTH  # the bundle that has begun is written again, whole
    rows = Leaf.objects.filter(index__gte=first, index__lt=end).order_by("index").values_list("leaf", flat=True)
    leaves = [bytes(row) for row in rows.iterator(STEP)]
    if len(leaves) != end - first:
        raise LogError(f"The database lacks leaves between {first} and {end}: run `manage.py verify_audit_log`.")
    hashes = [leaf_hash(leaf) for leaf in leaves[start - first :]]
    for tile, raw in grown_tiles(start, hashes, read=storage.read):
        if tile.level == 0:
            at = tile.index * WIDTH - first
            storage.write(bundle_path(tile.index, tile.width), encode_bundle(leaves[at : at + tile.width]))
        storage.write(tile.path, raw)


def _subtrees(size: int) -> list[tuple[int, int]]:
    """Level and index of the perfect subtrees of a tree, largest first."""
    found, start = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def _on_record(size: int, root: bytes, *, shown: Note | None = None) -> Checkpoint:
    """The checkpoint of this size: the one on record; else the one that is shown already; else a newly signed one."""
    row = Checkpoint.objects.filter(size=size).first()
    if row is None:
        text = Statement(settings.LOG_ORIGIN, size, root).text()
        if shown is None or shown.text != text:
            shown = sign(text, signers=identity.signers(), at=int(time.time()))
        ours = replace(shown, signatures=tuple(one for one in shown.signatures if one.name == settings.LOG_ORIGIN))
        cosigned = "" if ours == shown else shown.format()
        known = {"root": root, "note": ours.format(), "cosigned": cosigned}
        row, _ = Checkpoint.objects.get_or_create(size=size, defaults=known)
    if bytes(row.root) != root:
        raise LogError(
            f"Two roots for {size} entries: the database was rewritten after its checkpoint was signed. "
            "Nothing more is published; run `manage.py verify_audit_log`."
        )
    return row


def _discard_partial_tiles(start: int, size: int) -> None:
    """Removes the beginnings of the tiles that are full now; readers of an older log take them from the full one."""
    for tile in new_tiles(start, size):
        if tile.width == WIDTH:
            folders = [f"{tile_path(tile.level, tile.index)}.p"]
            folders += [f"{bundle_path(tile.index)}.p"] if tile.level == 0 else []
            for folder in folders:
                for name in storage.names(folder):
                    storage.discard(f"{folder}/{name}")
