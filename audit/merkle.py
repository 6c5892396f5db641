"""The Merkle tree of RFC 9162, section 2.1: hashes, roots, and proofs that a leaf is in and that a log only grew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from audit.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Node: TypeAlias = Callable[[int, int], bytes]
"""The hash of the perfect subtree over leaves `index << level` up to `(index + 1) << level`, by (level, index)."""


def leaf_hash(leaf: bytes) -> bytes:
    """The 32-byte hash of a leaf (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32-byte hash of an inner node over its two children (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class CompactRange:
    """All of a tree that is needed to let it grow: the roots of its perfect subtrees, largest first (at most 63)."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ProofError(f"A tree of {self.size} leaves does not have {len(self.hashes)} perfect subtrees.")
        _check_hashes(self.hashes)

    def extend(self, leaf_hashes: Iterable[bytes]) -> CompactRange:
        """The range of the tree with these leaf hashes appended in order."""
        size, stack = self.size, list(self.hashes)
        for leaf in leaf_hashes:
            carried, below = leaf, size
            while below & 1:  # a subtree of this height is complete: join it, as in binary addition
                carried = node_hash(stack.pop(), carried)
                below >>= 1
            stack.append(carried)
            size += 1
        return CompactRange(size, tuple(stack))

    def root(self) -> bytes:
        """The root of the whole tree, 32 bytes; `EMPTY_ROOT` when it has no leaves."""
        return _join(self.hashes) if self.hashes else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """The hashes end to end."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, raw: bytes) -> CompactRange:
        """What `to_bytes` wrote for a tree of `size` leaves; raises `ProofError` if it cannot have."""
        return cls(size, tuple(raw[at : at + HASH_SIZE] for at in range(0, len(raw), HASH_SIZE)))


def inclusion_proof(index: int, size: int, *, node: Node) -> list[bytes]:
    """The path from the leaf at `index` to the root of the first `size` leaves, leaf's sibling first (2.1.3.1)."""
    if not 0 <= index < size:
        raise ProofError(f"A tree of {size} leaves has no leaf {index}.")
    path = []
    start, end = 0, size
    while end - start > 1:
        split = _split(start, end)
        if index < split:
            path.append(_subtree(split, end, node))
            end = split
        else:
            path.append(_subtree(start, split, node))
            start = split
    return path[::-1]


def consistency_proof(old: int, new: int, *, node: Node) -> list[bytes]:
    """The proof that the first `old` of `new` leaves are a prefix (2.1.4.1); empty if `old` is 0 or `new`."""
    if not 0 <= old <= new:
        raise ProofError(f"A tree of {new} leaves did not grow from one of {old}.")
    if old == 0:
        return []
    path = []
    start, end = 0, new
    while old != end:
        split = _split(start, end)
        if old <= split:
            path.append(_subtree(split, end, node))
            end = split
        else:
            path.append(_subtree(start, split, node))
            start = split
    if start:  # the old tree is not a perfect subtree whose root the verifier already holds
        path.append(_subtree(start, end, node))
    return path[::-1]


def verify_inclusion(leaf_hash: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises `ProofError` unless the proof leads from the leaf at `index` to the root (RFC 9162, 2.1.3.2)."""
    _check_hashes((leaf_hash, root, *proof))
    if not 0 <= index < size:
        raise ProofError(f"A tree of {size} leaves has no leaf {index}.")
    place, last, computed = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError("The inclusion proof is longer than the way to the root.")
        if place & 1 or place == last:
            computed = node_hash(sibling, computed)
            while not place & 1 and place:  # the right edge skips the levels at which it has no sibling
                place, last = place >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("The inclusion proof is shorter than the way to the root.")
    if computed != root:
        raise ProofError("The inclusion proof does not lead to the root: this leaf is not in this tree at this index.")


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises `ProofError` unless the new tree begins with the whole old one (RFC 9162, 2.1.4.2).

    An old size of 0 is refused: every tree begins with the empty one, and its root says nothing about any log.
    """
    if not 0 < old_size <= new_size:
        raise ProofError(f"Consistency cannot be shown from {old_size} to {new_size} leaves.")
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ProofError("Trees of one size must have one root and need no proof: one of the two was rewritten.")
        return
    _check_hashes((old_root, new_root, *proof))
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    roots = _roots_of_consistency(old_size, new_size, path)
    if roots != (old_root, new_root):
        raise ProofError("The consistency proof does not lead to both roots: the log was rewritten.")


def _roots_of_consistency(old_size: int, new_size: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The old and the new root to which the path leads (RFC 9162, 2.1.4.2, steps 3 to 7)."""
    if not path:
        raise ProofError("The consistency proof is empty.")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("The consistency proof is longer than the way to the root.")
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("The consistency proof is shorter than the way to the root.")
    return old, new


def _split(start: int, end: int) -> int:
    """Where a subtree of more than one leaf divides: after the largest power of two smaller than its width."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _subtree(start: int, end: int, node: Node) -> bytes:
    """The hash of leaves `start` to `end`, joined from perfect subtrees."""
    hashes = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(node(level, start >> level))
        start += 1 << level
    return _join(hashes)


def _join(hashes: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees of falling size; there is at least one."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(item) != HASH_SIZE for item in hashes):
        raise ProofError(f"Every hash in a tree has {HASH_SIZE} bytes, and one of these has not.")
