"""Small logs in memory, the definition of the tree to compare with, and where the official vectors lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.merkle import CompactRange, Node, leaf_hash
from audit.notes import Checkpoint, Ed25519Cosigner, Ed25519Signer, MLDSA44Cosigner, Signer, sign
from audit.tiles import bundle_path, encode_bundle, grown_tiles, new_tiles

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"
TRANSCRIBED = json.loads((Path(__file__).parent / "note_cases.json").read_text())
needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason="the official vectors lie beside the repository")

ORIGIN = "log.example/vivavoce"
LOG = Ed25519Signer(ORIGIN, b"\x01" * 32)
LOG_ML_DSA = MLDSA44Cosigner(ORIGIN, b"\x02" * 32)
REGULATOR = Ed25519Cosigner("regulator.example", b"\x03" * 32)
UNION = MLDSA44Cosigner("union.example", b"\x04" * 32)
RIVAL = Ed25519Cosigner("rival.example", b"\x05" * 32)
STRANGER = Ed25519Signer("stranger.example", b"\x06" * 32)
NOW = 1_795_000_000

POLICY = f"""# of a test
log {LOG.key}
log {LOG_ML_DSA.key}
witness regulator {REGULATOR.key} https://regulator.example/
witness union {UNION.key}
witness rival {RIVAL.key}
group watchers 2 regulator union rival
quorum watchers
"""


def naive_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """MTH as RFC 9162, 2.1.1 defines it."""
    if len(leaf_hashes) <= 1:
        return leaf_hashes[0] if leaf_hashes else hashlib.sha256(b"").digest()
    left = 1
    while left * 2 < len(leaf_hashes):
        left *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaf_hashes[:left]) + naive_root(leaf_hashes[left:])).digest()


def naive_node(leaf_hashes: Sequence[bytes]) -> Node:
    return lambda level, index: naive_root(leaf_hashes[index << level : (index + 1) << level])


def made_leaves(count: int) -> list[bytes]:
    return [f"leaf {number}".encode() * (1 + number % 3) for number in range(count)]


class MemoryLog:
    """A published log: `files` by path, as on disk; partial tiles of earlier sizes stay."""

    def __init__(self, *sizes: int) -> None:
        self.files: dict[str, bytes] = {}
        self.leaves: list[bytes] = []
        self.range = CompactRange()
        for size in sizes:
            self.grow(size)

    def grow(self, size: int) -> None:
        self.take(made_leaves(size)[len(self.leaves) :])

    def take(self, fresh: list[bytes]) -> None:
        old = len(self.leaves)
        hashes = [leaf_hash(leaf) for leaf in fresh]
        self.leaves += fresh
        self.range = self.range.extend(hashes)
        for tile, raw in grown_tiles(old, hashes, read=self.read):
            self.files[tile.path] = raw
        for tile in new_tiles(old, len(self.leaves)):
            if tile.level == 0:
                bundle = self.leaves[tile.index * 256 : tile.index * 256 + tile.width]
                self.files[bundle_path(tile.index, tile.width)] = encode_bundle(bundle)

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def checkpoint(self, *signers: Signer, origin: str = ORIGIN) -> str:
        state = Checkpoint(origin, len(self.leaves), self.range.root())
        return sign(state.text(), signers=signers or (LOG, LOG_ML_DSA, REGULATOR, UNION), at=NOW).format()

    def write(self, folder: Path, *signers: Signer) -> Path:
        for path, raw in {**self.files, "checkpoint": self.checkpoint(*signers).encode()}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(raw)
        return folder


def flipped(raw: bytes, bit: int) -> bytes:
    """The same bytes with one bit the other way."""
    place = bit // 8 % len(raw)
    return raw[:place] + bytes([raw[place] ^ 1 << bit % 8]) + raw[place + 1 :]


def cases(folder: str) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) | {"file": str(file)} for file in sorted((VECTORS / folder).rglob("*.json"))]
