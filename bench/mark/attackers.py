"""What an attacker can do who has our source code but no secret: read a clip's cells, guess pilots, write signs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform
from watermark.keyed.embedding import embed
from watermark.keyed.features import ROWS_PER_CHIP, powers, soft_cells
from watermark.keyed.grid import BANDS, CHIPS, FRAMES, PERIOD

FIRST_ROW = -2
"""Row at which chip 0 is centred: rows begin at 16 ms, the chip is centred at 8 ms."""

Cells = NDArray[np.float32]
Signs = NDArray[np.int8]


def cells_of(marked: Waveform) -> Cells:
    """Soft cells at the chips of a clip whose beginning is known, shape (chips, BANDS)."""
    rows = soft_cells(powers(marked), pitches=np.ones(1), lag=ROWS_PER_CHIP)[0]
    return rows[np.arange(FIRST_ROW + ROWS_PER_CHIP, len(rows), ROWS_PER_CHIP)]


def pattern_of(cells: Cells) -> Signs:
    """The signs of cells as a pattern, no change where nothing was read: shape (PERIOD, BANDS)."""
    pattern = np.zeros((PERIOD, BANDS), np.int8)
    pattern[1 : len(cells) + 1] = np.sign(cells[: PERIOD - 1])
    return pattern


def folded(cells: Sequence[Cells], starts: Sequence[int]) -> Cells:
    """Cells of clips summed over frames, each clip's first chip at a place of the frame: shape (CHIPS, BANDS)."""
    total = np.zeros((CHIPS, BANDS), np.float32)
    for of_clip, start in zip(cells, starts, strict=True):
        np.add.at(total, (np.arange(1, len(of_clip) + 1) + start) % CHIPS, of_clip)
    return total


def tiled(frame: Signs, *, start: int) -> Signs:
    """One frame's signs over the whole period, for a clip that begins at that chip of it."""
    return np.roll(np.tile(frame, (FRAMES, 1)), -start, axis=0)


def written(sound: Waveform, pattern: Signs, *, strength: float) -> Waveform:
    """The sound with the signs written into it."""
    return embed(sound, pattern, strength=strength)
