"""Looks for certain clips by their whole codes, without a pilot: it still finds marks whose pilot somebody removed.

A pilot is shared by many clips, so that it can be learnt from several and written inversely. A clip's own code cannot:
it is written once. What it costs is that every clip is a search of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from watermark.keyed import search
from watermark.keyed.codes import ClipCode
from watermark.keyed.features import ROWS_PER_CHIP, Real, soft_cells
from watermark.keyed.grid import BANDS, CELLS, CHIPS, CODE_CELLS, FRAMES, PERIOD
from watermark.keyed.library import Shelf
from watermark.keyed.matching import Match
from watermark.keyed.placing import Placement, varied
from watermark.keyed.search import PITCH_STEP, Alignment

LINES, CLIPS = 8, 64
"""Hypotheses and clips correlated at once, so that their products stay small."""
KEPT = 4
"""Places that are looked at more closely."""
PITCH_STEPS = (-0.5, 0.0, 0.5)
LONGEST = PERIOD * ROWS_PER_CHIP
"""Rows after which the code repeats; no more are taken."""

Doubles = NDArray[np.float64]
Spectra = NDArray[np.complex64]


@dataclass(frozen=True)
class Asked:
    """A registered clip to look for: its shelf, its place in the book there, and the hop its code uses."""

    shelf: Shelf
    place: int
    hop: int

    @classmethod
    def at(cls, shelf: Shelf, place: int) -> Asked:
        """The clip at this place of the shelf's book."""
        return cls(shelf, place, next(hop for hop, places in enumerate(shelf.book.places) if _holds(places, place)))


@dataclass(frozen=True, eq=False)
class Sought:
    """The best fit of all: its placement, its code's score, and of how many scores that is the best."""

    placement: Placement
    match: Match
    tried: float


@dataclass(frozen=True)
class _Fit:
    """A coarse score: which clip, along which line, at which quarter of a chip, from which chip of the period on."""

    z: float
    clip: int
    scale: float
    pitch: float
    phase: int
    chip: int


def sought(power: Real, asked: Sequence[Asked], *, every_line: bool, first_row: int) -> Sought:
    """Where the code of any of the clips fits best.

    Args:
        power: From `features.powers`, of sound that begins at `first_row`.
        asked: The clips, at least one.
        every_line: Whether all speeds, stretches and pitches are tried, or only sound as fast and high as it was.
        first_row: Rows of the result are those of the whole sound.
    """
    power = power[:LONGEST]
    scales, pitches = search.lines(len(power)) if every_line else (np.ones(1), np.ones(1))
    best: list[_Fit] = []
    for start in range(0, len(asked), CLIPS):
        codes = np.stack([_code(one) for one in asked[start : start + CLIPS]])
        spectra = np.conj(fft.rfft(codes.astype(np.float32), axis=1)).transpose(1, 2, 0)
        for first in range(0, len(scales), LINES):
            lines = slice(first, first + LINES)
            found = _best(_heard(power, scales[lines], pitches[lines]), spectra)
            best += [
                _Fit(z, start + clip, *_line(line, scales[lines], pitches[lines]), chip)
                for z, clip, line, chip in found
            ]
            best = sorted(best, key=lambda fit: -fit.z)[:KEPT]
    tried = float(len(asked) * len(scales) * PERIOD * ROWS_PER_CHIP)
    closer = [_closer(power, fit, asked[fit.clip], first_row) for fit in best]
    placement, z, steps = max(closer, key=lambda one: one[1])
    frame = placement.chip // CHIPS % FRAMES
    return Sought(placement, Match(placement.place, frame, z), tried * steps)


def _code(one: Asked) -> NDArray[np.int8]:
    """The clip's own signs from the beginning of the period on, 0 where pilots are, shape (PERIOD, BANDS)."""
    pilots = one.shelf.keys.pilots
    whole = pilots.spread(ClipCode(one.hop, 0, one.shelf.book.signs(one.place, hop=one.hop)))
    return np.asarray(whole * np.tile(pilots.pilots[one.hop] == 0, (FRAMES, 1)), dtype=np.int8)


def _holds(places: NDArray[np.int64], place: int) -> bool:
    index = int(np.searchsorted(places, place))
    return index < len(places) and int(places[index]) == place


def _heard(power: Real, scales: Doubles, pitches: Doubles) -> Spectra:
    """Spectra over time of the sound along some lines, shape (frequencies, lines * ROWS_PER_CHIP, BANDS).

    Normalised, so that the product with the signs of a code is about its score.
    """
    laid = np.stack([_laid(power, scale, pitch) for scale, pitch in zip(scales, pitches, strict=True)])
    energy = np.sum(laid**2, axis=(2, 3), keepdims=True) * np.float32(CODE_CELLS / CELLS)
    unit = (laid / np.sqrt(energy + np.float32(1e-12))).reshape(-1, PERIOD, BANDS)
    return np.asarray(fft.rfft(unit, axis=1).transpose(1, 0, 2), dtype=np.complex64)


def _laid(power: Real, scale: float, pitch: float) -> Real:
    """Soft cells along a line at every quarter of a chip: shape (ROWS_PER_CHIP, PERIOD, BANDS), 0 after the end."""
    cells = soft_cells(power, pitches=np.array([pitch]), lag=max(1, round(ROWS_PER_CHIP * scale)))[0]
    rows = _rows(len(cells), scale)
    out = np.zeros((LONGEST, BANDS), np.float32)
    out[: len(rows)] = cells[rows]
    return np.ascontiguousarray(out.reshape(PERIOD, ROWS_PER_CHIP, BANDS).transpose(1, 0, 2))


def _rows(rows: int, scale: float) -> NDArray[np.int64]:
    """Rows a quarter of a chip apart, from the middle out, so that errors of scale show at both ends alike."""
    count = min(LONGEST, int((rows - 1) / scale))
    return np.clip(np.round((np.arange(count) - count // 2) * scale + rows // 2), 0, rows - 1).astype(np.int64)


def _best(heard: Spectra, codes: Spectra) -> list[tuple[float, int, int, int]]:
    """Of each clip the best score, its number, the line and quarter chip counted through, the chip of the period."""
    scores = fft.irfft(np.conj(np.matmul(heard, codes)), PERIOD, axis=0)
    lines, clips = scores.shape[1:]
    flat = scores.transpose(2, 1, 0).reshape(clips, -1)
    winners = flat.argmax(axis=1)
    line, chip = np.unravel_index(winners, (lines, PERIOD))
    return [(float(flat[n, winners[n]]), n, int(line[n]), int(chip[n])) for n in range(clips)]


def _line(line: int, scales: Doubles, pitches: Doubles) -> tuple[float, float, int]:
    """Scale, pitch and quarter chip."""
    return float(scales[line // ROWS_PER_CHIP]), float(pitches[line // ROWS_PER_CHIP]), line % ROWS_PER_CHIP


def _closer(power: Real, fit: _Fit, one: Asked, first_row: int) -> tuple[Placement, float, int]:
    """The best of lines close by, its score, and how many were tried."""
    code, row = _code(one), float(_rows(len(power), fit.scale)[fit.phase])
    alignment = Alignment(fit.scale, fit.pitch, row, float(fit.chip % CHIPS), one.hop, 0.0)
    coarse = Placement(one.shelf, one.place, alignment, fit.chip, code, code)
    found: list[tuple[Placement, float]] = []
    tried = 0
    for step in PITCH_STEPS:
        pitch = fit.pitch * float(np.exp(step * PITCH_STEP))
        here = replace(coarse, alignment=replace(alignment, pitch=pitch))
        placement, z, count = varied(power, here)
        found.append((placement, z))
        tried += count
    best, z = max(found, key=lambda pair: pair[1])
    return replace(best, alignment=best.alignment.moved(first_row)), z, tried
