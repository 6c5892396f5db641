"""What the tests of the log stand on: entries that are committed, and a reader that trusts nothing but the files."""

from __future__ import annotations

from uuid import UUID, uuid4

from audit import storage
from audit.events import Event
from audit.identity import verifier_keys
from audit.log import append
from audit.merkle import CompactRange, leaf_hash
from audit.models import Leaf, Staged
from audit.notes import Checkpoint, Note, verify
from audit.queries import tile_reader
from audit.sequencer import sequence_once
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


def note_down(organisation: Organisation, count: int = 1) -> list[UUID]:
    """So many entries, in one transaction that is committed."""
    with organisation_scope(organisation.id, actor="system"):
        return [append(Event.VOICE_PREPARED, refs={"voice": uuid4()}) for _ in range(count)]


def sequence_all() -> int:
    logged = 0
    while count := sequence_once():
        logged += count
    return logged


def read_published() -> Checkpoint:
    """The published log, re-derived from its entry bundles and its tiles; fails when anything disagrees."""
    note = Note.parse(storage.read("checkpoint"))
    assert verify(note, verifier_keys()) == set(verifier_keys())
    checkpoint = Checkpoint.parse(note.text)
    reader = tile_reader(checkpoint.size)
    hashes = [leaf_hash(reader.leaf(index)) for index in range(checkpoint.size)]
    assert CompactRange().extend(hashes).root() == checkpoint.root
    assert [reader.node(0, index) for index in range(checkpoint.size)] == hashes
    return checkpoint


def places_of(entry_ids: list[UUID]) -> list[int]:
    """Where the entries stand; each must stand exactly once and wait no more."""
    rows = Leaf.objects.filter(entry_id__in=entry_ids).values_list("index", flat=True)
    assert len(rows) == len(entry_ids)
    assert not Staged.objects.filter(entry_id__in=entry_ids).exists()
    return sorted(rows)
