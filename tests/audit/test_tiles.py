from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import ProofError, TileError
from audit.merkle import (
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from audit.notes import Checkpoint, Note, VerifierKey, verify
from audit.tiles import (
    Coordinates,
    TileReader,
    bundle_path,
    decode_bundle,
    encode_bundle,
    grown_tiles,
    new_tiles,
    nodes_of_tile,
    tile_path,
    tile_root,
    width_of,
)
from tests.audit.trees import VECTORS, MemoryLog, flipped, made_leaves, naive_root, needs_vectors

TESSERA = VECTORS / "tessera" / "testdata" / "log"
TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
BIG = MemoryLog(1, 70, 256, 300, 1000, 70_000)


@needs_vectors
@pytest.mark.parametrize("size", range(16))
def test_a_log_of_tessera_has_the_signature_root_and_tiles_that_we_would_give_it(size: int) -> None:
    note = Note.parse((TESSERA / f"checkpoint.{size}").read_bytes())
    key = VerifierKey.parse(TESSERA_KEY)
    checkpoint = Checkpoint.parse(note.text)
    assert verify(note, [key]) == {key}
    assert (checkpoint.origin, checkpoint.size) == ("example.com/log/testdata", size)
    paths = {bundle_path(tile.index, tile.width): tile for tile in new_tiles(0, size) if tile.level == 0}
    leaves = [
        leaf for path, tile in paths.items() for leaf in decode_bundle((TESSERA / path).read_bytes(), count=tile.width)
    ]
    hashes = [leaf_hash(leaf) for leaf in leaves]
    assert CompactRange().extend(hashes).root() == checkpoint.root
    grown = {tile.path: raw for tile, raw in grown_tiles(0, hashes, read=MemoryLog().read)}
    assert grown == {path: (TESSERA / path).read_bytes() for path in grown}
    assert len(grown) == bool(size)


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 0, 256, "tile/0/000"),
        (1, 999, 17, "tile/1/999.p/17"),
        (63, 1000, 1, "tile/63/x001/000.p/1"),
        (2, 273, 255, "tile/2/273.p/255"),
        (0, 1_000_000, 256, "tile/0/x001/x000/000"),
    ],
)
def test_paths_are_those_of_the_specification(level: int, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path
    assert Coordinates(level, index, width).path == path
    assert bundle_path(index, width) == path.replace(f"tile/{level}/", "tile/entries/")


@pytest.mark.parametrize(("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_there_is_no_path_for_a_tile_that_cannot_be(level: int, index: int, width: int) -> None:
    with pytest.raises(TileError):
        tile_path(level, index, width)


def test_a_tree_of_seventy_thousand_has_the_tiles_that_the_specification_counts() -> None:
    tiles = list(new_tiles(0, 70_000))
    assert [tile for tile in tiles if tile.width < 256] == [
        Coordinates(0, 273, 112),
        Coordinates(1, 1, 17),
        Coordinates(2, 0, 1),
    ]
    assert sum(tile.width == 256 and tile.level == 0 for tile in tiles) == 273
    assert list(new_tiles(0, 256)) == [Coordinates(0, 0, 256), Coordinates(1, 0, 1)]
    assert list(new_tiles(0, 0)) == list(new_tiles(7, 7)) == []
    for old, new in ((1, 0), (-1, 3)):
        with pytest.raises(TileError):
            list(new_tiles(old, new))


@given(st.lists(st.integers(0, 700), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_a_log_written_in_steps_has_every_file_of_one_written_at_once(steps: list[int]) -> None:
    sizes = [sum(steps[: at + 1]) for at in range(len(steps))]
    grown, fresh = MemoryLog(*sizes), MemoryLog(sizes[-1])
    assert grown.range == fresh.range
    assert fresh.files.items() <= grown.files.items()
    for size in (0, *sizes):
        needed = [tile for tile in new_tiles(0, size) if tile.width < 256]
        assert all(tile.path in grown.files for tile in needed)
        assert all(width_of(tile.level, tile.index, size=size) == tile.width for tile in new_tiles(0, size))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_proof_made_from_tiles_verifies_and_none_survives_a_flipped_bit(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from([1, 70, 256, 300, 1000, 70_000]))
    old = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, size - 1))
    reader = TileReader(BIG.read, size=size)
    leaf_hashes = [leaf_hash(leaf) for leaf in made_leaves(size)] if size <= 1000 else None
    root = CompactRange().extend(leaf_hashes).root() if leaf_hashes else BIG.range.root()
    leaf = leaf_hash(reader.leaf(index))
    path = inclusion_proof(index, size, node=reader.node)
    verify_inclusion(leaf, index=index, size=size, proof=path, root=root)
    if path:
        which = data.draw(st.integers(0, len(path) - 1))
        bad = [*path[:which], flipped(path[which], data.draw(st.integers(0, 255))), *path[which + 1 :]]
        with pytest.raises(ProofError):
            verify_inclusion(leaf, index=index, size=size, proof=bad, root=root)
    if leaf_hashes:
        proof = consistency_proof(old, size, node=reader.node)
        first = naive_root(leaf_hashes[:old])
        verify_consistency(old_size=old, new_size=size, old_root=first, new_root=root, proof=proof)


def test_a_reader_gives_every_leaf_and_reads_no_file_twice() -> None:
    asked: list[str] = []
    reader = TileReader(lambda path: asked.append(path) or BIG.read(path), size=1000)
    assert [reader.leaf(index) for index in range(1000)] == made_leaves(1000)
    assert asked == [*(f"tile/entries/00{n}" for n in range(3)), "tile/entries/003.p/232"]
    inclusion_proof(0, 1000, node=reader.node)
    inclusion_proof(999, 1000, node=reader.node)
    assert len(asked) == len(set(asked))


def test_a_full_tile_stands_in_for_a_partial_one_that_was_cleared_away() -> None:
    log = MemoryLog(70)
    log.grow(300)
    del log.files["tile/0/000.p/70"]
    del log.files["tile/entries/000.p/70"]
    reader = TileReader(log.read, size=70)
    root = naive_root([leaf_hash(leaf) for leaf in made_leaves(70)])
    path = inclusion_proof(69, 70, node=reader.node)
    verify_inclusion(leaf_hash(reader.leaf(69)), index=69, size=70, proof=path, root=root)
    del log.files["tile/0/000"]
    with pytest.raises(FileNotFoundError):
        TileReader(log.read, size=70).node(0, 0)


@pytest.mark.parametrize(("level", "index"), [(0, 300), (0, -1), (9, 0), (8, 1), (-1, 0), (3, 37)])
def test_a_reader_has_no_node_that_is_not_whole(level: int, index: int) -> None:
    with pytest.raises(TileError, match="no node"):
        TileReader(BIG.read, size=300).node(level, index)


@pytest.mark.parametrize("index", [-1, 300])
def test_a_reader_has_no_leaf_beyond_its_size(index: int) -> None:
    with pytest.raises(TileError, match="no leaf"):
        TileReader(BIG.read, size=300).leaf(index)


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_a_bundle_gives_back_its_leaves(leaves: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(leaves), count=len(leaves)) == leaves


@given(st.binary(max_size=80), st.integers(0, 6))
def test_a_bundle_is_read_whole_or_refused(raw: bytes, count: int) -> None:
    try:
        leaves = decode_bundle(raw, count=count)
    except TileError:
        return
    assert encode_bundle(leaves) == raw
    assert len(leaves) == count


def test_a_leaf_may_be_as_long_as_its_length_can_say_and_no_longer() -> None:
    assert decode_bundle(encode_bundle([b"x" * 65_535]), count=1) == [b"x" * 65_535]
    with pytest.raises(TileError, match="65535 bytes"):
        encode_bundle([b"x" * 65_536])


@pytest.mark.parametrize("raw", [b"", b"a" * 63, b"a" * 65, b"a" * 96])
def test_a_tile_of_another_length_is_refused(raw: bytes) -> None:
    with pytest.raises(TileError, match="64 bytes"):
        nodes_of_tile(raw, width=2)


def test_only_a_full_tile_has_a_place_in_the_level_above() -> None:
    with pytest.raises(TileError):
        tile_root([b"a" * 32] * 255)
