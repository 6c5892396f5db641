"""Turns sound into soft cells: how much louder each band is at each moment than its neighbourhood, between -1 and 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from synth_adapter.waveform import Waveform
from watermark.keyed.grid import BANDS, CHIP_SECONDS, EDGES, STRENGTH

RATE = 16_000
WINDOW, STEP = 512, 64
"""32 ms every 4 ms."""
ROWS_PER_CHIP = round(CHIP_SECONDS * RATE / STEP)
ROW_SECONDS = STEP / RATE
BINS = 202
"""Up to 6.28 kHz: the uppermost band, a quarter higher."""
QUANTILE, FLOOR, OVERALL_FLOOR = 0.2, 5.0, 1e-4
EMPTY = 1e-7
"""Bands further than 70 dB below the loudest hold nothing."""
TIME_SHARES = (0.3, 0.1, 0.05)
BAND_SHARES = (0.15, 0.19, 0.11)
"""What is taken off for each neighbour one, two, three chips or bands away."""
SOFTNESS = 1.5
LOUD_ROWS = 8
"""32 ms: how far to either side is heard how loud a band is; what drowns in noise counts less."""
AT_ONCE = 16
"""Pitches worked on at once, so that their rows stay in the processor's cache."""
WEIGHTS: NDArray[np.float32] = np.asarray(STRENGTH / STRENGTH.max(), dtype=np.float32)


Real = NDArray[np.float32]


def _band_weights() -> Real:
    """Share of every band (row) in what is taken off every other (column), shape (BANDS, BANDS)."""
    apart = np.abs(np.subtract.outer(np.arange(BANDS), np.arange(BANDS)))
    shares = np.zeros(BANDS)
    shares[1 : len(BAND_SHARES) + 1] = BAND_SHARES
    weights = shares[apart]
    return np.asarray(weights * (2 * sum(BAND_SHARES) / weights.sum(axis=0)), dtype=np.float32)


BAND_WEIGHTS = _band_weights()


def powers(waveform: Waveform) -> Real:
    """Power spectra of the sound at 16 kHz, shape (rows, BINS); row r is centred at 16 ms + 4 ms * r."""
    samples = waveform.resampled(RATE).samples
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    spans = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
    spectra = np.fft.rfft(spans * np.hanning(WINDOW + 1)[:-1].astype(np.float32))[:, :BINS]
    return np.asarray(spectra.real**2 + spectra.imag**2, dtype=np.float32)


def soft_cells(power: Real, *, pitches: NDArray[np.float64], lag: int) -> Real:
    """Soft cells for each factor by which frequencies were moved, shape (pitches, rows, BANDS).

    Args:
        power: From `powers`.
        pitches: Factors, 0.8 to 1.25, shape (pitches,).
        lag: Rows from one chip to the next.
    """
    around = _smoothed(power) if len(pitches) * BANDS > BINS else None
    pieces = [
        _soft_cells(power, around, pitches[first : first + AT_ONCE], lag) for first in range(0, len(pitches), AT_ONCE)
    ]
    return np.concatenate(pieces)


def _soft_cells(power: Real, around: Real | None, pitches: NDArray[np.float64], lag: int) -> Real:
    """`around` is the smoothed power; None where smoothing the fewer bands is the shorter way to the same."""
    rows = len(power)
    bands = _band_matrix(pitches)
    energy = np.maximum(power @ bands, 0.0)
    mean = energy.mean(axis=0)
    few = energy[:: max(1, rows // 400)]
    rank = int(QUANTILE * (len(few) - 1))
    quiet = np.partition(few, rank, axis=0)[rank]
    empty = EMPTY * mean.max() + np.float32(1e-20)
    level = np.log(energy + (FLOOR * quiet + OVERALL_FLOOR * mean + empty))
    cells = (level - _beside(level, lag)).reshape(rows, len(pitches), BANDS)
    cells = np.tanh((cells - cells @ BAND_WEIGHTS) * np.float32(1 / SOFTNESS))
    loud = _smoothed(energy) if around is None else np.maximum(around @ bands, 0.0)
    share = (loud / (loud + (quiet + empty))).reshape(len(loud), len(pitches), BANDS) * WEIGHTS
    cells *= np.repeat(share, ROWS_PER_CHIP, axis=0)[:rows]
    return np.ascontiguousarray(cells.transpose(1, 0, 2))


def _smoothed(power: Real) -> Real:
    """The mean over LOUD_ROWS before and after, so that the mark itself hardly shows, once for every chip."""
    smoothed = uniform_filter1d(power, 2 * LOUD_ROWS + 1, axis=0, mode="nearest")[::ROWS_PER_CHIP]
    return np.asarray(smoothed, dtype=np.float32)


def _beside(level: Real, lag: int) -> Real:
    """The weighted sum of what is one chip and more away, on both sides; the ends repeat."""
    reach, rows = lag * len(TIME_SHARES), len(level)
    padded = np.pad(level, ((reach, reach), (0, 0)), mode="edge")
    total = np.zeros_like(level)
    for chips, share in enumerate(TIME_SHARES, start=1):
        for start in (reach - chips * lag, reach + chips * lag):
            total += np.float32(share) * padded[start : start + rows]
    return total


def _band_matrix(pitches: NDArray[np.float64]) -> Real:
    """Shares of bins in bands, shape (BINS, pitches * BANDS)."""
    width = RATE / WINDOW
    edges = pitches[:, None] * EDGES / width + 0.5
    covered = np.clip(edges[None] - np.arange(BINS)[:, None, None], 0.0, 1.0)
    return np.asarray(np.diff(covered, axis=2).reshape(BINS, -1), dtype=np.float32)
