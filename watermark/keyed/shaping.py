"""Turns signs into decibels: filtered as the detector will filter them, so that every decibel counts for most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from watermark.keyed.features import BAND_WEIGHTS, TIME_SHARES, WEIGHTS
from watermark.keyed.grid import CHIP_SECONDS, STRENGTH

MOST = 2.0
"""Times the decibels of its band that no cell exceeds."""

Doubles = NDArray[np.float64]


def decibels(pattern: NDArray[np.int8]) -> Doubles:
    """How much each cell of a repeating pattern is raised or lowered, shape (chips, BANDS).

    The detector takes off each cell a share of its neighbours. Running the signs backwards through the same filter is
    what moves its scores most for a given mean square of decibels: the matched filter.
    """
    weighted = pattern * WEIGHTS.astype(np.float64)
    within = weighted - weighted @ BAND_WEIGHTS.T.astype(np.float64)
    beside = sum(
        share * (np.roll(within, chips, axis=0) + np.roll(within, -chips, axis=0))
        for chips, share in enumerate(TIME_SHARES, start=1)
    )
    filtered = within - beside
    level = np.sqrt(np.mean(filtered**2, axis=0))
    return np.asarray(np.clip(filtered / level, -MOST, MOST) * STRENGTH)


def between(seconds: Doubles) -> tuple[NDArray[np.int64], Doubles]:
    """The chip centred before each moment, and the share of the next one: neighbours fade into each other."""
    places = seconds / CHIP_SECONDS - 0.5
    before = np.floor(places)
    return before.astype(np.int64), 0.5 - 0.5 * np.cos(np.pi * (places - before))
