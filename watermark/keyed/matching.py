"""Compares what was read with the codes of very many clips, kept as packed signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watermark.keyed.codes import ClipKeys, Layout, Packed, Signs, unpacked
from watermark.keyed.features import Real
from watermark.keyed.grid import CODE_CELLS, FRAMES, HOPS

BLOCK = 8_192
"""Codes unpacked at once."""


@dataclass(frozen=True)
class Match:
    """A code that fits: its place in the book, the frame at which the sound begins, its score."""

    place: int
    frame: int
    z: float


class CodeBook:
    """The codes of registered clips, sorted by the hop they use; 220 bytes each."""

    def __init__(self, packed: Packed, hops: NDArray[np.uint8]) -> None:
        """`packed` has shape (clips, CODE_CELLS / 8), a bit set for -1; `hops` has shape (clips,)."""
        if packed.shape != (len(hops), CODE_CELLS // 8):
            raise ValueError(f"Expected {(len(hops), CODE_CELLS // 8)} bytes of codes, got {packed.shape}.")
        self.places = [np.flatnonzero(hops == hop) for hop in range(HOPS)]
        self._packed = [packed[places] for places in self.places]
        self.size = len(hops)

    @classmethod
    def of(cls, keys: ClipKeys, clips: Sequence[tuple[bytes, bytes]]) -> CodeBook:
        """The codes of these clips, each with its content digest; places in the book are places in `clips`."""
        packed, hops, _ = keys.clip_codes(clips)
        return cls(packed, hops)

    def signs(self, place: int, *, hop: int) -> Signs:
        """The code at this place of the book, shape (CODE_CELLS,); raises `ValueError` unless it uses `hop`."""
        index = int(np.searchsorted(self.places[hop], place))
        if index == len(self.places[hop]) or self.places[hop][index] != place:
            raise ValueError(f"The code at place {place} does not use hop {hop}.")
        return unpacked(self._packed[hop][index])

    def matched(self, soft: Real, *, hop: int, kept: int = 5) -> list[Match]:
        """The best of the codes that use `hop`, best first.

        Args:
            soft: What was read for every first frame, from `read`, shape (FRAMES, CODE_CELLS).
            hop: That of the alignment.
            kept: How many to return.
        """
        packed, places = self._packed[hop], self.places[hop]
        if not len(places):
            return []
        unit = soft / np.maximum(np.linalg.norm(soft, axis=1, keepdims=True), 1e-12)
        queries = np.ascontiguousarray(unit.T, dtype=np.float32)
        total = queries.sum(axis=0)
        best, frames = np.empty(len(places), np.float32), np.empty(len(places), np.int64)
        for start in range(0, len(places), BLOCK):
            ones = np.unpackbits(packed[start : start + BLOCK], axis=1).astype(np.float32)
            scores = total - 2 * (ones @ queries)
            frames[start : start + BLOCK] = scores.argmax(axis=1)
            best[start : start + BLOCK] = scores.max(axis=1)
        chosen = np.argsort(-best)[:kept]
        return [Match(int(places[i]), int(frames[i]), float(best[i])) for i in chosen]


def read(frames: Real, layout: Layout) -> Real:
    """Soft symbols of the clip code, summed over frames, for every frame the sound may begin at.

    Args:
        frames: Soft cells, from `refining.settled`, shape (frames, CHIPS, BANDS).
        layout: Of the hop of the alignment.

    Returns:
        Shape (FRAMES, CODE_CELLS).
    """
    heard = frames.reshape(len(frames), -1)[:, layout.code_cells]
    slots = np.zeros((FRAMES, CODE_CELLS), np.float32)
    for index, frame in enumerate(heard):
        slots[index % FRAMES] += frame
    soft = np.zeros((FRAMES, CODE_CELLS), np.float32)
    for first in range(FRAMES):
        for slot in range(min(FRAMES, len(heard))):
            frame = (first + slot) % FRAMES
            soft[first, layout.symbols[frame]] += layout.masks[frame] * slots[slot]
    return soft
