"""The one picture of a sound: its waveform as an outline, the marked stretches over it, and a time axis; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from synth_adapter.waveform import Waveform
from watermark.testimony import Stretch

COLUMNS = 600
MOST_TICKS = 8
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300)
FULL = 0.94
"""Share of the height that the loudest column fills: a quiet sound is drawn as tall as a loud one."""
QUIETEST = 1e-4
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Peaks = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Band:
    """A stretch as it is drawn, its places in per cent; `letter` stands for the clip whose mark it bears."""

    left: str
    width: str
    middle: str
    outcome: str
    letter: str
    start: float
    end: float


@dataclass(frozen=True)
class Tick:
    """A place on the time axis, in per cent, and the time it stands for."""

    left: str
    label: str


@dataclass(frozen=True)
class Picture:
    """What a template draws.

    Attributes:
        outline: Path data in a box from (0, -1) to (COLUMNS, 1).
        columns: How many columns the outline has.
        bands: The stretches in order, without gaps; none where nothing was mapped.
        splices: Where two neighbouring stretches differ, in per cent.
        ticks: The time axis.
        seconds: Length of the sound.
    """

    outline: str
    columns: int
    bands: tuple[Band, ...]
    splices: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    seconds: float


def peaks_of(waveform: Waveform, *, columns: int = COLUMNS) -> list[list[float]]:
    """Least and greatest sample of each of `columns` equal parts of the sound, 3 decimals; fewer for fewer samples."""
    parts = np.array_split(waveform.samples, min(columns, max(1, len(waveform.samples))))
    return [[round(float(part.min()), 3), round(float(part.max()), 3)] for part in parts if len(part)]


def draw(peaks: Peaks, *, seconds: float, stretches: Iterable[Stretch] = ()) -> Picture:
    """The picture of a sound of `seconds` seconds with these columns and this time map."""
    letters: dict[object, str] = {}
    bands = tuple(_band(stretch, seconds, letters) for stretch in stretches)
    splices = tuple(
        Tick(after.left, _clock(after.start, tenths=True))
        for before, after in pairwise(bands)
        if (before.outcome, before.letter) != (after.outcome, after.letter)
    )
    return Picture(_outline(peaks), len(peaks), bands, splices, _ticks(seconds), seconds)


def _band(stretch: Stretch, seconds: float, letters: dict[object, str]) -> Band:
    letter = ""
    if stretch.clip_id is not None:
        letter = letters.setdefault(stretch.clip_id, LETTERS[len(letters) % len(LETTERS)])
    places = (stretch.start, stretch.end - stretch.start, (stretch.start + stretch.end) / 2)
    left, width, middle = (_share(place, seconds) for place in places)
    return Band(left, width, middle, stretch.outcome, letter, stretch.start, stretch.end)


def _outline(peaks: Peaks) -> str:
    """Along the upper edge and back along the lower one; y grows downwards."""
    if not peaks:
        return ""
    loudest = max(QUIETEST, *(max(abs(low), abs(high)) for low, high in peaks))
    scale = FULL / loudest
    upper = [f"{x} {-max(high * scale, 0.006):.3f}" for x, (_, high) in enumerate(peaks)]
    lower = [f"{x} {-min(low * scale, -0.006):.3f}" for x, (low, _) in enumerate(peaks)]
    return f"M{' L'.join([*upper, *reversed(lower)])}Z"


def _ticks(seconds: float) -> tuple[Tick, ...]:
    step = next((step for step in STEPS if seconds / step <= MOST_TICKS), STEPS[-1])
    count = int(seconds / step + 1e-9)
    places = [number * step for number in range(count + 1)]
    return tuple(Tick(_share(place, seconds), _clock(place, tenths=step < 1)) for place in places)


def _clock(seconds: float, *, tenths: bool) -> str:
    """Minutes, seconds and, where asked, tenths: 0:07 or 0:07.4."""
    count = round(seconds * 10)
    whole = f"{count // 600}:{count % 600 // 10:02d}"
    return f"{whole}.{count % 10}" if tenths else whole


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole else 0:.3f}%"
