"""The cells a mark is written in: chips of 16 ms by bands of 94 to 141 Hz, counted in frames of 64 chips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHIP_SECONDS = 0.016
CHIPS = 64
"""Chips in a frame; the pilot repeats every frame, 1.024 s."""
FRAMES = 16
"""Frames until the scrambling of the clip code repeats, 16.4 s."""
PERIOD = CHIPS * FRAMES
HOPS = 16
"""Pilots of an epoch; every clip uses one of them."""

LOW_BANDS, LOW_WIDTH, HIGH_BANDS, HIGH_WIDTH, LOWEST = 33, 94.0, 11, 141.0, 300.0
BANDS = LOW_BANDS + HIGH_BANDS
EDGES: NDArray[np.float64] = np.concatenate(
    (
        LOWEST + LOW_WIDTH * np.arange(LOW_BANDS + 1),
        LOWEST + LOW_WIDTH * LOW_BANDS + HIGH_WIDTH * np.arange(1, HIGH_BANDS + 1),
    )
)
"""Hertz, shape (BANDS + 1,): 300 Hz to 4.95 kHz."""

CELLS = CHIPS * BANDS
CODE_CELLS = 1760
"""Cells of a frame that carry the clip code; the other 1056 carry the pilot."""
PILOT_CELLS = CELLS - CODE_CELLS

UP_TO, DECIBELS = np.array([590.0, 1_000.0, 2_000.0, 3_000.0]), np.array([0.3, 0.7, 3.3, 5.3, 4.5])
STRENGTH: NDArray[np.float64] = DECIBELS[np.searchsorted(UP_TO, EDGES[:-1], side="right")]
"""Root mean square of the decibels by which cells of each band are raised or lowered, shape (BANDS,).

What a decibel adds to the scores and takes from the DNSMOS rating was measured band by band: between 2 and 3 kHz it
costs a third of what it costs beside, below 600 Hz it costs much and adds nothing.
"""
