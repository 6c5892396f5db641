"""Finds where, how fast and how high a pilot runs: every speed, stretch and pitch at every offset, for every hop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from watermark.keyed.features import ROWS_PER_CHIP, Real, soft_cells
from watermark.keyed.grid import BANDS, CELLS, CHIPS, PILOT_CELLS

SLOWEST, FASTEST, HIGHEST = 0.8, 1.25, 1.13
DRIFT = 1.0
"""Chips by which two neighbouring time scales differ over the whole window."""
PITCH_STEP = 0.0075
FOLD = CHIPS * ROWS_PER_CHIP
KEPT = 24
BATCH = 256

Signs = NDArray[np.int8]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """One way the pilot may lie in the sound.

    Attributes:
        scale: Length of a chip here over its length when embedded.
        pitch: Factor by which frequencies were moved.
        centre: The row (4 ms) at which the pilot's chip `position` is centred.
        position: Chip of the pilot, 0 to 63, may be fractional.
        hop: Which pilot.
        z: The pilot's score, a hint and never evidence.
    """

    scale: float
    pitch: float
    centre: float
    position: float
    hop: int
    z: float

    def moved(self, rows: int) -> Alignment:
        """The same alignment, in a sound that begins so many rows earlier."""
        return replace(self, centre=self.centre + rows)


def lines(rows: int) -> tuple[Doubles, Doubles]:
    """Time scales and pitches of all hypotheses: resampling, stretch, pitch alone; both of shape (hypotheses,)."""
    step = DRIFT * ROWS_PER_CHIP / rows
    scales = np.exp(np.arange(np.log(SLOWEST), np.log(FASTEST) + step, step))
    scales = scales / scales[np.abs(np.log(scales)).argmin()]
    pitched = np.exp(
        PITCH_STEP * np.arange(-round(np.log(HIGHEST) / PITCH_STEP), round(np.log(HIGHEST) / PITCH_STEP) + 1)
    )
    ones = np.ones_like(scales)
    return np.concatenate((scales, scales, np.ones_like(pitched))), np.concatenate((1 / scales, ones, pitched))


def search(power: Real, pilots: Signs, *, kept: int = KEPT) -> list[Alignment]:
    """The best alignments of any pilot in a window, best first.

    Args:
        power: From `features.powers`, shape (rows, BINS).
        pilots: Signs, 0 in code cells, shape (HOPS, CHIPS, BANDS).
        kept: How many hypotheses to return, at most one for each pair of time scale and pitch.
    """
    rows = len(power)
    scales, pitches = lines(rows)
    levels = np.round(np.log(pitches) / PITCH_STEP).astype(int)
    distinct = np.unique(levels)
    cells = soft_cells(power, pitches=np.exp(PITCH_STEP * distinct), lag=ROWS_PER_CHIP)
    which = np.searchsorted(distinct, levels)
    spectra = np.conj(fft.rfft(pilots.astype(np.float32), axis=1)).transpose(1, 2, 0)
    found = []
    for start in range(0, len(scales), BATCH):
        batch = slice(start, start + BATCH)
        folded = np.stack([_folded(cells[w], s) for w, s in zip(which[batch], scales[batch], strict=True)])
        found.append(_best(folded, spectra))
    best = np.concatenate(found)
    chosen = np.argsort(-best[:, 0])[:kept]
    return [
        Alignment(
            scale=float(scales[i]),
            pitch=float(pitches[i]),
            centre=centre,
            position=position,
            hop=int(best[i, 3]),
            z=float(best[i, 0]),
        )
        for i in chosen
        for centre, position in [_row(best[i, 1], scales[i], rows, position=best[i, 2])]
    ]


def _folded(cells: Real, scale: float) -> Real:
    """Rows at quarter chips of this scale, summed over frames: shape (ROWS_PER_CHIP, CHIPS, BANDS)."""
    places = _places(len(cells), scale)
    whole = np.zeros((-(-len(places) // FOLD), FOLD, BANDS), np.float32)
    np.take(cells, places, axis=0, out=whole.reshape(-1, BANDS)[: len(places)])
    return np.asarray(whole.sum(axis=0).reshape(CHIPS, ROWS_PER_CHIP, BANDS).transpose(1, 0, 2))


@cache
def _places(rows: int, scale: float) -> NDArray[np.int64]:
    """Around the middle of the window, so that errors of scale show at both ends alike."""
    count = int((rows - 1) / scale)
    return np.clip(np.round((np.arange(count) - count // 2) * scale + rows // 2), 0, rows - 1).astype(np.int64)


def _row(phase: float, scale: float, rows: int, *, position: float) -> tuple[float, float]:
    """The row nearest the middle whose chip is known, and that chip's place in the pilot."""
    middle = int((rows - 1) / scale) // 2
    ahead = middle // ROWS_PER_CHIP
    place = ahead * ROWS_PER_CHIP + phase
    return (place - middle) * scale + rows // 2, (position + ahead) % CHIPS


def _best(folded: Real, pilots: NDArray[np.complex64]) -> Doubles:
    """Best z, phase, position of the pilot at the first chip and hop of each hypothesis: shape (hypotheses, 4)."""
    count = len(folded)
    energy = np.sum(folded**2, axis=(2, 3)) * np.float32(PILOT_CELLS / CELLS) + np.float32(1e-12)
    heard = fft.rfft(folded, axis=2).reshape(count * ROWS_PER_CHIP, -1, BANDS).transpose(1, 0, 2)
    products = np.conj(np.matmul(heard, pilots))
    scores = (
        fft.irfft(products, CHIPS, axis=0).reshape(CHIPS, count, ROWS_PER_CHIP, -1) / np.sqrt(energy)[None, :, :, None]
    )
    flat = scores.transpose(1, 0, 2, 3).reshape(count, -1)
    winner = flat.argmax(axis=1)
    position, phase, hop = np.unravel_index(winner, (CHIPS, ROWS_PER_CHIP, pilots.shape[2]))
    return np.stack((flat[np.arange(count), winner], phase, position, hop), axis=1)
