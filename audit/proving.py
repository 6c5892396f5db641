"""Making proofs that verify offline: that an entry is in the log, and that a larger log begins with a smaller."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from audit.errors import NotProvableYetError
from audit.merkle import CompactRange, Node, consistency_proof, inclusion_proof
from audit.models import Checkpoint
from audit.proofs import format_proof
from audit.queries import CheckpointView, checkpoint_covering, latest_checkpoint, leaf_of, tile_reader


@dataclass(frozen=True)
class EntryProof:
    """A C2SP tlog-proof of one entry: its text, its place, the size of the log it speaks of, and who vouches."""

    text: str
    index: int
    size: int
    witnessed: bool


@dataclass(frozen=True)
class GrowthProof:
    """The hashes that lead from the root of the smaller log to that of the larger (32 bytes each)."""

    from_root: bytes
    to_root: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True)
class Reach:
    """How far the log can be shown to others: its latest checkpoint, and the largest size that witnesses cosigned."""

    checkpoint: CheckpointView | None
    witnessed: int

    def standing_of(self, index: int | None) -> str:
        """How provable the entry at this place is: `waiting`, `unwitnessed` or `witnessed`."""
        if index is None or self.checkpoint is None or index >= self.checkpoint.size:
            return "waiting"
        return "witnessed" if index < self.witnessed else "unwitnessed"


def reach() -> Reach:
    """How far the log can be shown to others at this moment."""
    witnessed = Checkpoint.objects.filter(witnessed=True).order_by("-size").values_list("size", flat=True).first()
    return Reach(latest_checkpoint(), witnessed or 0)


def proof_of(entry_id: UUID) -> EntryProof:
    """The proof of one entry, under a witnessed checkpoint if there is one; `NotProvableYetError` before its time."""
    leaf = leaf_of(entry_id)
    checkpoint = None if leaf is None else checkpoint_covering(leaf.index, prefer_witnessed=True)
    if leaf is None or checkpoint is None:
        raise NotProvableYetError("The entry is on record and waits for its place in the published log.")
    hashes = inclusion_proof(leaf.index, checkpoint.size, node=tile_reader(checkpoint.size).node)
    text = format_proof(leaf.index, hashes, checkpoint.text)
    return EntryProof(text, leaf.index, checkpoint.size, checkpoint.witnessed)


def growth(smaller: int, larger: int) -> GrowthProof:
    """The consistency proof between two sizes (RFC 9162, section 2.1.4); `NotProvableYetError` beyond the published."""
    latest = latest_checkpoint()
    if latest is None or larger > latest.size:
        published = 0 if latest is None else latest.size
        raise NotProvableYetError(f"The published log has {published} entries, not {larger}.")
    reader = tile_reader(latest.size)
    hashes = tuple(consistency_proof(smaller, larger, node=reader.node))
    return GrowthProof(_root(smaller, reader.node), _root(larger, reader.node), hashes)


def _root(size: int, node: Node) -> bytes:
    """The root of the first `size` entries, from the perfect subtrees that make them up, largest first."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return CompactRange(size, tuple(node(level, (size >> level) - 1) for level in levels)).root()
