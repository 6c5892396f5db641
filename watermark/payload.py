"""What a mark carries: bits drawn from the clip's identifier, so that a mark read anywhere narrows down which clip."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID


def payload_for(clip_id: UUID, *, bits: int) -> bytes:
    """The first `bits` (a multiple of eight) of SHA-256 over the identifier; empty for presence-only markers.

    UUIDv7 begins with the time and would waste a short payload on it, hence the hash. Sixteen bits name one clip in
    65,536: a hint for a search, not evidence.
    """
    if bits % 8 or not 0 <= bits <= hashlib.sha256().digest_size * 8:
        raise ValueError(f"A payload has whole bytes, at most 32 of them; got {bits} bits.")
    return hashlib.sha256(clip_id.bytes).digest()[: bits // 8]


def to_bits(payload: bytes) -> list[int]:
    """Most significant bit first."""
    return [byte >> shift & 1 for byte in payload for shift in range(7, -1, -1)]


def from_bits(bits: Sequence[int]) -> bytes:
    """The inverse of `to_bits`; raises `ValueError` for an incomplete byte."""
    if len(bits) % 8:
        raise ValueError(f"Bits come in eights, got {len(bits)}.")
    return bytes(sum(bit << (7 - place) for place, bit in enumerate(bits[i : i + 8])) for i in range(0, len(bits), 8))
