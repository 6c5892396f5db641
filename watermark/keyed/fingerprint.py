"""A robust fingerprint of what is said and when: signs of how the spectrum's slope moves, after Haitsma and Kalker.

J. Haitsma, T. Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002: the sign of the difference, in time
and frequency, of band energies. Here 16 bands of the telephone's range, smoothed over 68 ms so that chips of a mark
average away, compared 64 ms before and after, every 32 ms: 63 bytes a second.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from synth_adapter.waveform import Waveform
from watermark.keyed.features import BINS, RATE, ROW_SECONDS, ROWS_PER_CHIP, WINDOW, Real, powers
from watermark.keyed.grid import CHIP_SECONDS, PERIOD
from watermark.keyed.search import Alignment

FRAME_ROWS = round(0.032 / ROW_SECONDS)
APART_ROWS = round(0.064 / ROW_SECONDS)
SMOOTHED_ROWS = round(0.032 / ROW_SECONDS)
"""To either side."""
LOWEST, HIGHEST, BANDS = 300.0, 3_400.0, 16
FLOOR = 0.05
"""Of a band's mean power, added before the logarithm: pauses are not compared."""
LIVELY = 8.0
"""Nepers of power below the loudest frame down to which a frame counts."""
FRAME_BYTES = 2

Bits = NDArray[np.bool_]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Likeness:
    """How many of the bits compared are equal, at the best of the positions that a mark leaves open."""

    equal: int
    bits: int

    @property
    def share(self) -> float:
        """0 to 1; nothing compared counts as chance."""
        return self.equal / self.bits if self.bits else 0.5


def of(waveform: Waveform) -> bytes:
    """The fingerprint of a sound, two bytes for every 32 ms: fifteen signs and whether the frame is lively."""
    power = powers(waveform)
    rows = np.arange(0, len(power), FRAME_ROWS, dtype=np.float64)
    signs = _slopes(power, rows, scale=1.0, pitch=1.0) > 0
    return np.packbits(np.column_stack((signs, _lively(power)[::FRAME_ROWS])), axis=1).tobytes()


def digest(fingerprint: bytes) -> bytes:
    """The 32 bytes that enter the derivation of a clip's code."""
    return hashlib.sha256(fingerprint).digest()


def likeness(fingerprint: bytes, waveform: Waveform, *, alignment: Alignment, chip: int) -> float:
    """Share of equal bits, 0 to 1, with speed and pitch undone; 0.5 is chance.

    Args:
        fingerprint: From `of`, of the sound before it was marked.
        waveform: In which the mark was found.
        alignment: Where, how fast and how high.
        chip: Of the clip, counted from its beginning, at the alignment's centre; known modulo PERIOD.
    """
    power = powers(waveform)
    return compared(fingerprint, power, alignment=alignment, chip=chip, span=(0, len(power))).share


def compared(fingerprint: bytes, power: Real, *, alignment: Alignment, chip: int, span: tuple[int, int]) -> Likeness:
    """Like `likeness`, within rows of `span` of the power spectra; every period that `chip` leaves open is tried.

    Of those that allow at least half as many comparisons as another, the most alike is returned.
    """
    stored = np.unpackbits(np.frombuffer(fingerprint, np.uint8).reshape(-1, FRAME_BYTES), axis=1).astype(bool)
    chips = (CHIP_SECONDS + ROW_SECONDS * FRAME_ROWS * np.arange(len(stored))) / CHIP_SECONDS - 0.5
    row_of_first = np.asarray(alignment.centre + (chips - chip % PERIOD) * ROWS_PER_CHIP * alignment.scale, np.float64)
    tries = [
        _equal(stored, power, row_of_first - turn * PERIOD * ROWS_PER_CHIP * alignment.scale, alignment, span)
        for turn in range(int(chips[-1]) // PERIOD + 2)
    ]
    most = max(one.bits for one in tries)
    return max((one for one in tries if one.bits >= most / 2), key=lambda one: one.share)


def _equal(stored: Bits, power: Real, rows: Doubles, alignment: Alignment, span: tuple[int, int]) -> Likeness:
    used = stored[:, -1] & (rows >= span[0]) & (rows < span[1])
    if not used.any():
        return Likeness(0, 0)
    signs = _slopes(power, rows[used], scale=alignment.scale, pitch=alignment.pitch) > 0
    return Likeness(int(np.sum(signs == stored[used, :-1])), signs.size)


def _slopes(power: Real, rows: Doubles, *, scale: float, pitch: float) -> Doubles:
    """How the difference of neighbouring bands changes around each row, shape (rows, BANDS - 1)."""
    energy = np.maximum(power @ _bands(pitch), 0.0)
    energy = uniform_filter1d(energy, 2 * round(SMOOTHED_ROWS * scale) + 1, axis=0, mode="nearest")
    level = np.log(energy + FLOOR * energy.mean(axis=0) + 1e-12)
    change = _at(level, rows + APART_ROWS * scale) - _at(level, rows - APART_ROWS * scale)
    return change[:, :-1] - change[:, 1:]


def _at(level: NDArray[np.floating], rows: Doubles) -> Doubles:
    """Between rows, linearly; the ends repeat."""
    places = np.clip(rows, 0, len(level) - 1)
    below = places.astype(np.int64)
    share = (places - below)[:, None]
    return np.asarray(level[below] * (1 - share) + level[np.minimum(below + 1, len(level) - 1)] * share)


def _lively(power: Real) -> Bits:
    total = np.log(uniform_filter1d((power @ _bands(1.0)).sum(axis=1), 2 * SMOOTHED_ROWS + 1) + 1e-12)
    return np.asarray(total > total.max() - LIVELY)


def _bands(pitch: float) -> Real:
    """Shares of bins in bands of equal width in mel, shape (BINS, BANDS)."""
    mel = np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 1)
    edges = pitch * 700 * (10 ** (mel / 2595) - 1) * WINDOW / RATE + 0.5
    covered = np.clip(edges - np.arange(BINS)[:, None], 0.0, 1.0)
    return np.asarray(np.diff(covered, axis=1), dtype=np.float32)


def _mel(hertz: float) -> float:
    return 2595 * float(np.log10(1 + hertz / 700))
