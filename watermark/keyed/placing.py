"""One clip's code at one place of a sound: how strongly it speaks there moment by moment, and whether it goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from watermark.keyed.codes import ClipCode
from watermark.keyed.detection import Heard
from watermark.keyed.features import ROWS_PER_CHIP, Real, soft_cells
from watermark.keyed.grid import CHIPS, PERIOD
from watermark.keyed.library import Shelf
from watermark.keyed.matching import Match
from watermark.keyed.search import Alignment
from watermark.keyed.timeline import liveliest

SCALE_STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Chips by which the time scale is varied over the whole window when a code is followed."""
ROW_STEPS = range(-4, 5)
GOES_ON = 14.0
"""Nats in favour of the code in its liveliest part that are enough to follow it into another window."""

Signs = NDArray[np.int8]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placement:
    """A clip's code along one line through the sound.

    Attributes:
        shelf: Where the clip is registered.
        place: In the shelf's book.
        alignment: Rows are those of the whole sound.
        chip: Of the period, at the alignment's centre.
        pattern: Signs of the clip's cells, the pilot's among them, shape (PERIOD, BANDS).
        code: The same with 0 in the pilot's cells.
    """

    shelf: Shelf
    place: int
    alignment: Alignment
    chip: int
    pattern: Signs
    code: Signs


@dataclass(frozen=True, eq=False)
class Evidence:
    """By chips: the row that each is centred at, its agreement with the code, the variance of that by chance."""

    rows: Doubles
    agreement: Doubles
    energy: Doubles


def placed(heard: Heard, match: Match, shelf: Shelf, *, first_row: int) -> Placement:
    """The line that a match in a window beginning at `first_row` stands for."""
    pilots, hop = shelf.keys.pilots, heard.alignment.hop
    pattern = pilots.spread(ClipCode(hop, 0, shelf.book.signs(match.place, hop=hop)))
    code = pattern * np.tile(pilots.pilots[hop] == 0, (PERIOD // CHIPS, 1))
    chip = (match.frame * CHIPS + heard.lead) % PERIOD
    return Placement(shelf, match.place, heard.alignment.moved(first_row), chip, pattern, code)


def evidence(power: Real, one: Placement, *, first_row: int) -> Evidence:
    """What the clip's own cells say in a window that begins at `first_row` of the whole sound."""
    return _evidence(_cells(power, one), one, one.code, first_row)


def followed_on(power: Real, one: Placement, *, first_row: int) -> Placement | None:
    """The same line adjusted to another window, None where the code does not go on there."""
    cells = _cells(power, one)
    chips = round((first_row + len(power) / 2 - one.alignment.centre) / (ROWS_PER_CHIP * one.alignment.scale))
    tries = _around(one, chips, rows=len(power))
    best = max(tries, key=lambda tried: float(np.sum(_evidence(cells, tried, one.pattern, first_row).agreement)))
    return best if nats(_evidence(cells, best, one.code, first_row)) >= GOES_ON else None


def varied(power: Real, one: Placement) -> tuple[Placement, float, int]:
    """The line of those close by, in sound that begins at row 0, at which the clip's own cells score highest.

    Returns:
        The placement, its score (standard normal under random codes), and how many lines were tried.
    """
    cells = _cells(power, one)
    chips = round((len(power) / 2 - one.alignment.centre) / (ROWS_PER_CHIP * one.alignment.scale))
    tries = _around(one, chips, rows=len(power))
    scores = [_score(_evidence(cells, tried, one.code, 0)) for tried in tries]
    best = int(np.argmax(scores))
    return tries[best], scores[best], len(tries)


def nats(heard: Evidence) -> float:
    """In favour of the code in the part where it speaks loudest."""
    start, end = liveliest(heard.agreement, heard.energy)
    total, energy = float(heard.agreement[start:end].sum()), float(heard.energy[start:end].sum())
    return total**2 / (2 * energy) if energy > 0 and total > 0 else 0.0


def spoken(heard: Evidence) -> tuple[int, int]:
    """Rows of the whole sound between which the code speaks loudest."""
    start, end = liveliest(heard.agreement, heard.energy)
    return round(float(heard.rows[start])), round(float(heard.rows[end - 1])) + 1


def _around(one: Placement, chips: int, *, rows: int) -> list[Placement]:
    """The line and others near it, re-centred so many chips later, for a window of so many rows."""
    return [
        _adjusted(one, chips, scale=float(np.exp(step * ROWS_PER_CHIP / rows)), rows=shift)
        for step in SCALE_STEPS
        for shift in ROW_STEPS
    ]


def _score(heard: Evidence) -> float:
    energy = float(heard.energy.sum())
    return float(heard.agreement.sum()) / float(np.sqrt(energy)) if energy > 0 else 0.0


def _adjusted(one: Placement, chips: int, *, scale: float, rows: int) -> Placement:
    """Re-centred so many chips later, the time scale and the row varied there."""
    centre = one.alignment.centre + chips * ROWS_PER_CHIP * one.alignment.scale + rows
    position = (one.alignment.position + chips) % CHIPS
    alignment = replace(one.alignment, scale=one.alignment.scale * scale, centre=centre, position=position)
    return replace(one, alignment=alignment, chip=(one.chip + chips) % PERIOD)


def _cells(power: Real, one: Placement) -> Real:
    lag = max(1, round(ROWS_PER_CHIP * one.alignment.scale))
    return np.asarray(soft_cells(power, pitches=np.array([one.alignment.pitch]), lag=lag)[0])


def _evidence(cells: Real, one: Placement, signs: Signs, first_row: int) -> Evidence:
    length, centre = ROWS_PER_CHIP * one.alignment.scale, one.alignment.centre - first_row
    chips = np.arange(int(np.ceil(-centre / length)), int(np.floor((len(cells) - 1 - centre) / length)) + 1)
    places = np.asarray(centre + chips * length, np.float64)
    below = places.astype(np.int64)
    share = (places - below).astype(np.float32)[:, None]
    heard = cells[below] * (1 - share) + cells[np.minimum(below + 1, len(cells) - 1)] * share
    mine = signs[(one.chip + chips) % PERIOD]
    return Evidence(
        places + first_row,
        np.sum(heard * mine, axis=1, dtype=np.float64),
        np.sum(heard**2 * (mine != 0), axis=1, dtype=np.float64),
    )
