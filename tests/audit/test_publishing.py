from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import transaction

from audit import identity, publishing, storage
from audit.errors import LogError, MissingObjectError
from audit.folder import WholeFileStorage
from audit.merkle import inclusion_proof, verify_inclusion
from audit.models import Checkpoint as CheckpointRow
from audit.models import LogState
from audit.notes import Checkpoint, Ed25519Signer, Note, sign
from audit.proving import proof_of
from audit.publishing import publish, show
from audit.queries import checkpoint_covering, latest_checkpoint, leaf_of, tile_reader
from tenancy.models import Organisation
from tests.audit.log_rows import note_down, read_published, sequence_all
from tests.audit.private_log import PrivateLog
from tests.cast import found

AT = 1_800_000_000


class FailingStorage(WholeFileStorage):
    """The real folder, of which one write goes wrong: before anything is stored, or after all of it is."""

    countdown = -1
    stores_first = False

    def _save(self, name: str, content: Any) -> str:
        kind = type(self)
        kind.countdown -= 1
        if kind.countdown == -1:
            if kind.stores_first:
                super()._save(name, content)
            raise OSError(f"the disk failed at {name}")
        return super()._save(name, content)


@pytest.fixture
def firm(committed_db: None) -> Organisation:
    return found("Northwind")


def use_folder(settings: Any, folder: Path, *, backend: str = "audit.folder.WholeFileStorage") -> None:
    settings.STORAGES = {**settings.STORAGES, "log": {"BACKEND": backend, "OPTIONS": {"location": folder}}}


def test_what_is_published_is_what_is_logged(firm: Organisation) -> None:
    note_down(firm, 3)
    sequence_all()
    published = publish()
    state = LogState.objects.get()
    assert published is not None
    assert (published.size, published.root) == (state.size, bytes(state.root))
    assert read_published() == Checkpoint(configured.LOG_ORIGIN, state.size, bytes(state.root))
    assert published.text.encode() == storage.read("checkpoint")
    assert latest_checkpoint() == published
    assert not published.witnessed


def test_without_news_nothing_is_signed_or_written(firm: Organisation) -> None:
    note_down(firm)
    sequence_all()
    first, rows = publish(), CheckpointRow.objects.count()
    stored = Path(configured.STORAGES["log"]["OPTIONS"]["location"]) / "checkpoint"
    written = stored.stat().st_mtime_ns
    assert publish() == first
    assert CheckpointRow.objects.count() == rows
    assert stored.stat().st_mtime_ns == written


def test_nothing_is_published_before_its_commit(firm: Organisation) -> None:
    with transaction.atomic(), pytest.raises(LogError, match="outside any transaction"):
        publish()


def test_the_log_grows_over_full_tiles_whose_beginnings_are_cleared_away(firm: Organisation) -> None:
    """Sizes around the 256 of a tile; proofs under every checkpoint hold afterwards."""
    [first] = note_down(firm)
    sequence_all()
    publish()
    for _ in range(9):
        note_down(firm, 100)
        sequence_all()
        publish()
    read_published()
    size = LogState.objects.get().size
    assert storage.names("tile/0/000.p") == []
    assert storage.names("tile/entries/000.p") == []
    assert str(size % 256) in storage.names(f"tile/0/{size // 256:03}.p")
    leaf = leaf_of(first)
    assert leaf is not None
    for row in CheckpointRow.objects.filter(size__gt=leaf.index):
        hashes = inclusion_proof(leaf.index, row.size, node=tile_reader(row.size).node)
        verify_inclusion(leaf.leaf_hash, index=leaf.index, size=row.size, proof=hashes, root=bytes(row.root))


@pytest.mark.parametrize("stores_first", [False, True])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_publication_that_breaks_off_at_any_write_is_completed_by_the_next(
    firm: Organisation, settings: Any, step: int, *, stores_first: bool
) -> None:
    """Three writes: the bundle, the tile, the checkpoint (and tiles above, in a larger log)."""
    note_down(firm, 2)
    sequence_all()
    publish()
    shown = read_published().size
    note_down(firm, 3)
    sequence_all()
    location = settings.STORAGES["log"]["OPTIONS"]["location"]
    use_folder(settings, location, backend=f"{__name__}.FailingStorage")
    FailingStorage.countdown, FailingStorage.stores_first = step, stores_first
    with pytest.raises(OSError, match="the disk failed"):
        publish()
    completed = stores_first and FailingStorage.countdown == -1 and storage.published_size() > shown
    assert storage.published_size() == (shown + 3 if completed else shown)
    FailingStorage.countdown = -1_000_000

    published = publish()
    assert published is not None
    assert read_published().size == published.size == shown + 3
    assert CheckpointRow.objects.filter(size=shown + 3).count() == 1


def test_a_checkpoint_on_record_is_shown_and_not_signed_again(
    firm: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crash lies between the record and the file."""
    note_down(firm)
    sequence_all()
    write = storage.write

    def break_off(path: str, data: bytes) -> None:
        if path == "checkpoint":
            raise OSError("killed")
        write(path, data)

    monkeypatch.setattr(storage, "write", break_off)
    with pytest.raises(OSError, match="killed"):
        publish()
    monkeypatch.undo()
    row = CheckpointRow.objects.get(size=LogState.objects.get().size)
    published = publish()
    assert published is not None
    assert published.text == row.note == storage.read("checkpoint").decode()


def test_a_storage_that_was_lost_is_written_anew_from_the_database(
    firm: Organisation, settings: Any, tmp_path: Path
) -> None:
    note_down(firm)
    sequence_all()
    before = publish()
    use_folder(settings, tmp_path / "log")
    assert publish() == before
    assert before is not None
    assert read_published().size == before.size


def test_a_published_log_that_is_ahead_of_the_database_stops_everything(
    firm: Organisation, settings: Any, tmp_path: Path
) -> None:
    use_folder(settings, tmp_path / "log")
    put_up(Checkpoint(configured.LOG_ORIGIN, LogState.objects.get().size + 5, b"r" * 32))
    with pytest.raises(LogError, match="restored from an older backup"):
        publish()


def put_up(checkpoint: Checkpoint) -> None:
    note = sign(checkpoint.text(), signers=identity.signers(), at=AT)
    storage.write("checkpoint", note.format().encode())


def test_a_checkpoint_that_is_shown_but_was_lost_from_the_record_is_taken_back(
    private_log: PrivateLog, settings: Any, tmp_path: Path
) -> None:
    firm = private_log.northwind  # a cosigned note in the shared log would be a stranger's
    """So it is after a restored database was rolled forward to the published log."""
    note_down(firm)
    sequence_all()
    state = LogState.objects.get()
    use_folder(settings, tmp_path / "log")
    text = Checkpoint(configured.LOG_ORIGIN, state.size, bytes(state.root)).text()
    ours = sign(text, signers=identity.signers(), at=AT)
    shown = ours.with_signatures(sign(text, signers=WITNESS, at=AT).signatures)
    storage.write("checkpoint", shown.format().encode())
    published = publish()
    assert published is not None
    assert published.text == shown.format()
    row = CheckpointRow.objects.get(size=state.size)
    assert (row.note, row.witnessed) == (ours.format(), False)


def test_a_published_log_with_another_past_stops_everything(firm: Organisation, settings: Any, tmp_path: Path) -> None:
    note_down(firm, 2)
    sequence_all()
    publish()
    rows = CheckpointRow.objects.count()
    use_folder(settings, tmp_path / "log")
    for size in (LogState.objects.get().size, 1):
        put_up(Checkpoint(configured.LOG_ORIGIN, size, b"r" * 32))
        with pytest.raises(LogError, match="disagree about the first"):
            publish()
    assert CheckpointRow.objects.count() == rows


def test_a_published_log_under_other_keys_stops_everything(firm: Organisation, settings: Any, tmp_path: Path) -> None:
    note_down(firm)
    sequence_all()
    use_folder(settings, tmp_path / "log")
    text = Checkpoint(configured.LOG_ORIGIN, 1, b"r" * 32).text()
    stranger = Ed25519Signer(configured.LOG_ORIGIN, b"s" * 32)
    storage.write("checkpoint", sign(text, signers=[stranger], at=AT).format().encode())
    with pytest.raises(LogError, match="does not bear this log's signature"):
        publish()


@pytest.mark.parametrize("damage", ["flip", "lose"])
def test_a_damaged_tile_is_noticed_before_anything_is_signed_and_mended_by_rebuilding(
    firm: Organisation, damage: str
) -> None:
    note_down(firm, 3)
    sequence_all()
    publish()
    size = LogState.objects.get().size
    edge = next(tile.path for tile in publishing.new_tiles(size - 1, size))
    intact = storage.read(edge)
    note_down(firm, 1)
    sequence_all()
    if damage == "flip":
        storage.write(edge, bytes([intact[0] ^ 1]) + intact[1:])
    else:
        storage.discard(edge)
    if size % 256:  # else the next tile does not grow out of this one
        with pytest.raises(LogError, match="--rebuild"):
            publish()
        assert not CheckpointRow.objects.filter(size=size + 1).exists()
    publish(rebuild=True)
    assert read_published().size == size + 1


def test_a_damaged_checkpoint_file_stops_everything_and_says_what_to_do(
    firm: Organisation, settings: Any, tmp_path: Path
) -> None:
    use_folder(settings, tmp_path / "log")
    storage.write("checkpoint", b"vivavoce.invalid/log\nmany\n")
    with pytest.raises(LogError, match="keep the file as evidence"):
        publish()


def test_a_cosigned_note_is_shown_but_never_in_place_of_a_larger_log(private_log: PrivateLog) -> None:
    firm = private_log.northwind  # a cosigned note in the shared log would be a stranger's
    note_down(firm)
    sequence_all()
    earlier = publish()
    note_down(firm)
    sequence_all()
    later = publish()
    assert earlier is not None
    assert later is not None
    assert not show(earlier.size, earlier.text)
    cosigned = Note.parse(later.text).with_signatures(
        sign(Note.parse(later.text).text, signers=WITNESS, at=AT).signatures
    )
    assert show(later.size, cosigned.format())
    assert storage.published() == cosigned


WITNESS = [Ed25519Signer("witness.example", b"w" * 32)]


def test_an_entry_is_proved_by_the_first_witnessed_checkpoint_over_it(private_log: PrivateLog) -> None:
    firm = private_log.northwind  # a mark that no witness earned would be damage to the shared log
    [entry] = note_down(firm)
    sequence_all()
    first = publish()
    note_down(firm)
    sequence_all()
    second = publish()
    leaf = leaf_of(entry)
    assert leaf is not None
    assert first is not None
    assert second is not None
    assert checkpoint_covering(leaf.index) == first
    CheckpointRow.objects.filter(size=second.size).update(witnessed=True, cosigned=second.text)
    covering = checkpoint_covering(leaf.index)
    assert covering is not None
    assert (covering.size, covering.witnessed) == (second.size, True)
    assert checkpoint_covering(leaf.index, prefer_witnessed=False) == first
    assert checkpoint_covering(second.size) is None
    assert proof_of(entry).size == second.size


def test_reading_a_tile_asks_no_database(firm: Organisation, django_assert_num_queries: Any) -> None:
    [entry] = note_down(firm)
    sequence_all()
    published = publish()
    leaf = leaf_of(entry)
    assert published is not None
    assert leaf is not None
    with django_assert_num_queries(0):
        assert tile_reader(published.size).leaf(leaf.index) == leaf.leaf
        assert tile_reader(published.size).node(0, leaf.index) == leaf.leaf_hash


def test_what_is_not_there_is_said_to_be_missing(committed_db: None) -> None:
    with pytest.raises(MissingObjectError, match="tile/9/999"):
        storage.read("tile/9/999")
