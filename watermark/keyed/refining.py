"""Follows a coarse alignment over the whole sound: ever longer windows, ever finer time scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from watermark.keyed.features import ROWS_PER_CHIP, Real, soft_cells
from watermark.keyed.grid import BANDS, CHIPS
from watermark.keyed.scoring import z_score
from watermark.keyed.search import DRIFT, PITCH_STEP, Alignment

SCALE_STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)
ROW_STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
FINE_STEPS = (-1.0, 0.0, 1.0)
PITCH_STEPS = (-0.5, 0.5)
SAME_CHIPS = 1.5

Signs = NDArray[np.int8]


def followed(power: Real, coarse: Alignment, pilot: Signs, *, rows: int) -> Alignment:
    """The alignment over the whole of `power`.

    Args:
        power: From `features.powers`, the whole sound.
        coarse: Found in a window of it; `centre` counts rows of the whole sound.
        pilot: That of its hop, shape (CHIPS, BANDS).
        rows: The length of that window.
    """
    cells = soft_cells(power, pitches=np.array([coarse.pitch]), lag=_lag(coarse))[0]
    found, middle = coarse, coarse.centre
    while rows < len(power):
        span = (max(0, round(middle - rows / 2)), min(len(power), round(middle + rows / 2)))
        found = _adjusted(cells, found, pilot, span)
        rows *= 2
    return _adjusted(cells, found, pilot, (0, len(power)))


def settled(power: Real, found: Alignment, pilot: Signs) -> tuple[Alignment, Real]:
    """The alignment at the best pitch nearby, and the soft cells there, shape (frames, CHIPS, BANDS)."""
    best, frames = _at_pitch(power, found, pilot, 0.0)
    for step in PITCH_STEPS:
        moved, there = _at_pitch(power, found, pilot, step)
        if moved.z > best.z:
            best, frames = moved, there
    return best, frames


def distinct(alignments: list[Alignment], *, kept: int) -> list[Alignment]:
    """The best of them, best first, without those that say the same as a better one."""
    chosen: list[Alignment] = []
    for found in sorted(alignments, key=lambda one: -one.z):
        if len(chosen) < kept and not any(_same(found, other) for other in chosen):
            chosen.append(found)
    return chosen


def framed(cells: Real, alignment: Alignment, span: tuple[int, int]) -> Real:
    """Soft cells at the chips of `alignment` within rows of `span`, by frames of the pilot; 0 where no sound is."""
    chip = ROWS_PER_CHIP * alignment.scale
    first = int(np.ceil((span[0] - alignment.centre) / chip))
    last = int(np.floor((span[1] - 1 - alignment.centre) / chip))
    places = alignment.centre + np.arange(first, last + 1) * chip
    below = np.clip(places.astype(np.int64), 0, len(cells) - 1)
    above = np.minimum(below + 1, len(cells) - 1)
    share = (places - below).astype(np.float32)[:, None]
    start = round(alignment.position + first) % CHIPS
    frames = np.zeros((-(-(start + len(places)) // CHIPS) * CHIPS, BANDS), np.float32)
    frames[start : start + len(places)] = cells[below] * (1 - share) + cells[above] * share
    return frames.reshape(-1, CHIPS, BANDS)


def _adjusted(cells: Real, start: Alignment, pilot: Signs, span: tuple[int, int], *, fine: float = 1.0) -> Alignment:
    """The best of scales and rows around; where `fine` is less than 1, of fewer and nearer ones."""
    anchored = _anchored(start, (span[0] + span[1]) / 2)
    unit = DRIFT * ROWS_PER_CHIP / (span[1] - span[0])
    scales, shifts = (SCALE_STEPS, ROW_STEPS) if fine >= 1 else (FINE_STEPS, FINE_STEPS)
    tries = [
        replace(
            anchored, scale=anchored.scale * float(np.exp(fine * step * unit)), centre=anchored.centre + fine * rows
        )
        for step in scales
        for rows in shifts
    ]
    scored = [replace(one, z=z_score(pilot, framed(cells, one, span).sum(axis=0))) for one in tries]
    return max(scored, key=lambda one: one.z)


def _at_pitch(power: Real, found: Alignment, pilot: Signs, step: float) -> tuple[Alignment, Real]:
    moved = replace(found, pitch=found.pitch * float(np.exp(step * PITCH_STEP)))
    cells = soft_cells(power, pitches=np.array([moved.pitch]), lag=_lag(moved))[0]
    whole = (0, len(power))
    adjusted = _adjusted(cells, moved, pilot, whole, fine=0.5)
    return adjusted, framed(cells, adjusted, whole)


def _anchored(alignment: Alignment, row: float) -> Alignment:
    """The same line through the chip nearest `row`."""
    chips = round((row - alignment.centre) / (ROWS_PER_CHIP * alignment.scale))
    return replace(
        alignment,
        centre=alignment.centre + chips * ROWS_PER_CHIP * alignment.scale,
        position=(alignment.position + chips) % CHIPS,
    )


def _same(one: Alignment, other: Alignment) -> bool:
    moved = _anchored(one, other.centre)
    apart = moved.position - other.position - (moved.centre - other.centre) / (ROWS_PER_CHIP * other.scale)
    return one.hop == other.hop and abs((apart + CHIPS / 2) % CHIPS - CHIPS / 2) < SAME_CHIPS


def _lag(alignment: Alignment) -> int:
    return max(1, round(ROWS_PER_CHIP * alignment.scale))
