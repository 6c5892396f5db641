"""The tree cut into files (C2SP tlog-tiles): their paths, their bytes, what must be written, and reading nodes back."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from audit.errors import TileError
from audit.merkle import HASH_SIZE, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEAF = 0xFFFF  # bytes: the length prefix in a bundle is a uint16
MAX_LEVEL = 63
KEPT = 256  # tiles and bundles that a reader keeps in memory

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Coordinates:
    """Which tile: its level (0 holds leaf hashes), its index in the level, and how many hashes it holds."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile lies, such as `tile/0/x001/x234/067` or `tile/1/000.p/17`."""
    if not 0 <= level <= MAX_LEVEL:
        raise TileError(f"Tiles have levels 0 to {MAX_LEVEL}, not {level}.")
    return f"tile/{level}/{_place(index, width)}"


def bundle_path(index: int, width: int = WIDTH) -> str:
    """Where a bundle of entries lies, such as `tile/entries/x001/x234/067` or `tile/entries/000.p/17`."""
    return f"tile/entries/{_place(index, width)}"


def _place(index: int, width: int) -> str:
    if index < 0 or not 1 <= width <= WIDTH:
        raise TileError(f"There is no tile {index} that is {width} wide.")
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == WIDTH else f"{path}.p/{width}"


def encode_bundle(leaves: Iterable[bytes]) -> bytes:
    """The leaves one after the other, each behind its length as a big-endian uint16."""
    parts = []
    for leaf in leaves:
        if len(leaf) > MAX_LEAF:
            raise TileError(f"A leaf has at most {MAX_LEAF} bytes, not {len(leaf)}.")
        parts.append(struct.pack(">H", len(leaf)) + leaf)
    return b"".join(parts)


def decode_bundle(raw: bytes, *, count: int) -> list[bytes]:
    """The leaves of a bundle; raises `TileError` unless it holds exactly `count` and not a byte more."""
    leaves: list[bytes] = []
    at = 0
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(raw[at:start], "big")
        if start > len(raw) or at > len(raw):
            raise TileError(f"The bundle of entries ends within entry {len(leaves)} of {count}.")
        leaves.append(raw[start:at])
    if at != len(raw):
        raise TileError(f"The bundle of entries goes on for {len(raw) - at} bytes after its {count} entries.")
    return leaves


def nodes_of_tile(raw: bytes, *, width: int) -> tuple[bytes, ...]:
    """The hashes in a tile; raises `TileError` unless it holds exactly `width`."""
    if len(raw) != width * HASH_SIZE:
        raise TileError(f"A tile of {width} hashes has {width * HASH_SIZE} bytes, and this one has {len(raw)}.")
    return tuple(raw[at : at + HASH_SIZE] for at in range(0, len(raw), HASH_SIZE))


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """The hash that stands for a full tile in the tile above it."""
    if len(hashes) != WIDTH:
        raise TileError(f"Only a tile of {WIDTH} hashes has a place in the level above, not one of {len(hashes)}.")
    return _pyramid(hashes)[-1][0]


def width_of(level: int, index: int, *, size: int) -> int:
    """How many hashes tile `index` of `level` holds in a tree of `size` leaves; 0 if there is no such tile."""
    return min(max((size >> HEIGHT * level) - index * WIDTH, 0), WIDTH)


def new_tiles(old_size: int, new_size: int) -> Iterator[Coordinates]:
    """Every tile that a tree of `new_size` leaves has and one of `old_size` had not, lower levels first.

    A bundle of entries belongs to each one of level 0: `bundle_path(index, width)`.
    """
    if not 0 <= old_size <= new_size:
        raise TileError(f"A tree of {old_size} leaves does not become one of {new_size}.")
    level, old, new = 0, old_size, new_size
    while new > old:
        for index in range(old // WIDTH, -(-new // WIDTH)):
            yield Coordinates(level, index, min(WIDTH, new - index * WIDTH))
        level, old, new = level + 1, old >> HEIGHT, new >> HEIGHT


def grown_tiles(
    old_size: int, leaf_hashes: Iterable[bytes], *, read: Callable[[str], bytes]
) -> Iterator[tuple[Coordinates, bytes]]:
    """Every tile of `new_tiles` with its bytes, when these leaf hashes are appended to `old_size` leaves.

    Args:
        old_size: the number of leaves in the tiles that are already stored.
        leaf_hashes: the hashes of the leaves that follow.
        read: the bytes of a stored tile; called only for the partial tiles at the right edge of the old tree.
    """
    level, place, fresh = 0, old_size, list(leaf_hashes)
    while fresh:
        first, begun = divmod(place, WIDTH)
        kept = nodes_of_tile(read(tile_path(level, first, begun)), width=begun) if begun else ()
        hashes = [*kept, *fresh]
        full = []
        for at in range(0, len(hashes), WIDTH):
            tile = hashes[at : at + WIDTH]
            yield Coordinates(level, first + at // WIDTH, len(tile)), b"".join(tile)
            if len(tile) == WIDTH:
                full.append(tile_root(tile))
        level, place, fresh = level + 1, first, full


class TileReader:
    """The nodes and leaves of a tree of `size` leaves, out of stored tiles; `node` is what the proofs ask for.

    Nothing that it returns is verified: a proof made from it is, against the root of a checkpoint.
    """

    def __init__(self, read: Callable[[str], bytes], *, size: int) -> None:
        self.size = size
        self._read = read
        self._pyramids: OrderedDict[Coordinates, list[Sequence[bytes]]] = OrderedDict()
        self._bundles: OrderedDict[int, list[bytes]] = OrderedDict()

    def node(self, level: int, index: int) -> bytes:
        """The hash over leaves `index << level` up to `(index + 1) << level`; 32 bytes."""
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise TileError(f"A tree of {self.size} leaves has no node {index} at level {level}.")
        tile_level, height = divmod(level, HEIGHT)
        tile, place = divmod(index << height, WIDTH)
        return self._tile(tile_level, tile)[height][place >> height]

    def leaf(self, index: int) -> bytes:
        """The bytes of one leaf."""
        if not 0 <= index < self.size:
            raise TileError(f"A tree of {self.size} leaves has no leaf {index}.")
        bundle, place = divmod(index, WIDTH)
        leaves = self._bundles.get(bundle)
        if leaves is None:
            width = width_of(0, bundle, size=self.size)
            leaves = self._stored(bundle_path(bundle, width), bundle_path(bundle), width=width, parse=_leaves)
            _keep(self._bundles, bundle, leaves)
        self._bundles.move_to_end(bundle)
        return leaves[place]

    def _tile(self, level: int, index: int) -> list[Sequence[bytes]]:
        width = width_of(level, index, size=self.size)
        at = Coordinates(level, index, width)
        pyramid = self._pyramids.get(at)
        if pyramid is None:
            pyramid = _pyramid(self._stored(at.path, tile_path(level, index), width=width, parse=_nodes))
            _keep(self._pyramids, at, pyramid)
        self._pyramids.move_to_end(at)
        return pyramid

    def _stored(self, path: str, whole: str, *, width: int, parse: Callable[[bytes, int], list[bytes]]) -> list[bytes]:
        """What lies at `path`; or the beginning of the full one, which may have taken a partial one's place."""
        try:
            return parse(self._read(path), width)
        except FileNotFoundError:
            if path == whole:
                raise
        return parse(self._read(whole), WIDTH)[:width]


def _leaves(raw: bytes, count: int) -> list[bytes]:
    return decode_bundle(raw, count=count)


def _nodes(raw: bytes, width: int) -> list[bytes]:
    return list(nodes_of_tile(raw, width=width))


def _pyramid(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """All levels of the subtree over a tile's hashes: those hashes, their parents, and so on while there are pairs."""
    levels: list[Sequence[bytes]] = [hashes]
    while len(below := levels[-1]) > 1:
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return levels


def _keep(cache: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    cache[key] = value
    if len(cache) > KEPT:
        cache.popitem(last=False)
