"""A database that was restored from an older backup goes on where the published log was seen last."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from audit import storage
from audit.errors import LogError
from audit.events import Event
from audit.merkle import CompactRange
from audit.models import Leaf, LogState, Recovery, Staged
from audit.notes import Checkpoint
from audit.publishing import publish
from audit.recovery import logged, roll_forward
from audit.sequencer import sequence_once
from audit.tiles import TileReader
from audit.verification import DamageError, verify_log
from tests.audit.private_log import PrivateLog

BACKUP, PUBLISHED = 5, 300


def go_back(log: PrivateLog, size: int) -> None:
    """The database as a backup holds it that was made when the log had `size` entries."""
    kept = CompactRange().extend(
        bytes(value)
        for value in Leaf.objects.filter(index__lt=size).order_by("index").values_list("leaf_hash", flat=True)
    )
    with log.tampering() as database:
        database.execute(
            "DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE index >= %s)", [size]
        )
        database.execute("DELETE FROM audit_leaf WHERE index >= %s", [size])
        database.execute("DELETE FROM audit_checkpoint WHERE size > %s", [size])
        database.execute(
            "UPDATE audit_logstate SET size = %s, root = %s, range = %s", [size, kept.root(), kept.to_bytes()]
        )


@pytest.fixture
def restored(private_log: PrivateLog) -> PrivateLog:
    private_log.grow(BACKUP)
    size = LogState.objects.get().size
    private_log.grow(PUBLISHED - size)
    go_back(private_log, size)
    return private_log


def test_without_it_nothing_is_logged_and_verification_complains(restored: PrivateLog) -> None:
    restored.note_down()
    with pytest.raises(LogError, match="Roll it forward"):
        sequence_once()
    with pytest.raises(DamageError):
        verify_log()


def test_the_log_goes_on_from_what_was_published(restored: PrivateLog) -> None:
    before = LogState.objects.get().size
    rolled = roll_forward()
    assert (rolled.before, rolled.after) == (before, PUBLISHED)
    published = storage.published()
    assert published is not None
    assert bytes(LogState.objects.get().root) == Checkpoint.parse(published.text).root
    publish()  # notes the checkpoint that is shown already, which was lost with the database
    account = verify_log()
    assert (account.leaves, account.recovered) == (PUBLISHED, PUBLISHED - before)
    assert any(f"{PUBLISHED - before} leaves have no entry" in line for line in account.lines())
    assert restored.grow(3) == PUBLISHED + 3
    assert verify_log().recovered == PUBLISHED - before


def test_doing_it_again_changes_nothing(restored: PrivateLog) -> None:
    roll_forward()
    again = roll_forward()
    assert (again.before, again.after, Recovery.objects.count()) == (PUBLISHED, PUBLISHED, 1)


def test_what_waited_in_the_backup_and_was_logged_since_is_not_logged_twice(restored: PrivateLog) -> None:
    leaf = json.loads(_leaf_of(restored, LogState.objects.get().size))
    with restored.tampering() as database:
        database.execute(
            "INSERT INTO audit_entry (id, organisation_id, event, actor, refs, data, commitments, sequence,"
            " occurred_at) VALUES (%s, %s, %s, 'system', %s, %s, %s, 900, %s)",
            [
                leaf["id"],
                restored.northwind.id,
                leaf["event"],
                Jsonb({}),
                Jsonb({}),
                bytes.fromhex("".join(leaf["commitments"])),
                leaf["time"],
            ],
        )
        database.execute(
            "INSERT INTO audit_staged (entry_id, event, occurred_at, organisation_id, commitments)"
            " SELECT id, event, occurred_at, organisation_id, commitments FROM audit_entry WHERE id = %s",
            [leaf["id"]],
        )
    roll_forward()
    assert not Staged.objects.exists()
    assert Leaf.objects.filter(entry_id=UUID(leaf["id"])).count() == 1


def _leaf_of(log: PrivateLog, index: int) -> bytes:
    return TileReader(storage.read, size=PUBLISHED).leaf(index)


@pytest.mark.parametrize("damaged", ["bundle", "checkpoint"])
def test_a_published_log_that_was_altered_is_refused_and_nothing_is_changed(restored: PrivateLog, damaged: str) -> None:
    before = LogState.objects.get().size
    victim = restored.folder / "checkpoint"
    if damaged == "bundle":
        victim = next(file for file in (restored.folder / "tile" / "entries").rglob("*") if file.is_file())
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.write_bytes(raw)
    with pytest.raises(LogError):
        roll_forward()
    assert (LogState.objects.get().size, Leaf.objects.count(), Recovery.objects.count()) == (before, before, 0)


def test_a_backup_of_another_history_is_refused(restored: PrivateLog) -> None:
    with restored.tampering() as database:
        database.execute("DELETE FROM audit_leaf")
        database.execute("DELETE FROM audit_checkpoint")
        database.execute("INSERT INTO audit_leaf SELECT 0, gen_random_uuid(), 'x', sha256('\\x0078')")
        database.execute("UPDATE audit_logstate SET size = 1, root = sha256('\\x0078'), range = sha256('\\x0078')")
    with pytest.raises(LogError, match="not the beginning"):
        roll_forward()


def test_with_nothing_published_there_is_nothing_to_do(private_log: PrivateLog) -> None:
    (Path(private_log.folder) / "checkpoint").unlink(missing_ok=True)
    private_log.note_down(2)
    while sequence_once():
        pass
    size = LogState.objects.get().size
    assert roll_forward().after == size
    assert publish() is not None


def test_entries_of_a_kind_are_found_whoevers_they_are(private_log: PrivateLog) -> None:
    ids = private_log.note_down(3)
    assert logged([Event.VOICE_PREPARED.value]) == set()
    private_log.grow(1)
    assert set(ids) <= logged([Event.VOICE_PREPARED.value])
    assert logged([Event.SUBJECT_ERASED.value]) == set()
