"""Looks for every registered clip in a sound of any length, window by window, and follows what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from watermark.keyed import scoring
from watermark.keyed.ahead import Ahead
from watermark.keyed.calibration import RandomKeys
from watermark.keyed.detection import LEAST_SECONDS, SEVERAL_FOLLOWED, SEVERAL_KEPT, Heard, listen, share
from watermark.keyed.features import ROW_SECONDS, ROWS_PER_CHIP, Real
from watermark.keyed.grid import CHIPS, FRAMES, PERIOD
from watermark.keyed.library import Library, Shelf
from watermark.keyed.matching import Match
from watermark.keyed.placing import Placement, evidence, followed_on, placed
from watermark.keyed.timeline import STEP_SECONDS, Line, Part, course
from watermark.keyed.windows import Window, Windows

ROUNDS = 3
"""Times that what is not explained yet is searched in one window."""
PILOT_SHARE = 0.9
"""Of the false rate that may be used up here; the rest is left for looking without pilots (`seeking`)."""
SAME_CHIPS = 2
SAME_SCALE = 0.01
STEP_ROWS = STEP_SECONDS / ROW_SECONDS


@dataclass(frozen=True, eq=False)
class Finding:
    """A code that fits what was heard: log10 of the chance that any tried in that look does, and where it lies."""

    match: Match
    shelf: Shelf
    log10_p: float
    placement: Placement


@dataclass(eq=False)
class Track:
    """One line of a clip through the sound, with the strongest evidence for it; placements by window."""

    best: Finding
    placements: dict[int, Placement]

    @property
    def clip(self) -> tuple[int, int]:
        """Tells clips of all shelves apart."""
        return id(self.best.shelf), self.best.match.place


@dataclass(frozen=True, eq=False)
class _Chain:
    """What agreeing alignments of consecutive windows have read together, by frames of the last."""

    last: Heard
    soft: Real
    length: int


class Scan:
    """One examination: everything that is tried is counted in `tried` (scores) and `looks`.

    `best` is the strongest evidence for any code, however weak; `clearest` is where a pilot was heard best.
    """

    def __init__(self, windows: Windows, library: Library, *, false_rate: float, chance: RandomKeys | None) -> None:
        self.windows, self.library, self._chance = windows, library, chance
        lively = sum(window.lively for window in windows.all)
        self.looks, self._planned, self._false_rate = 0, max(1, lively), false_rate
        self.tried, self.tracks = 0.0, list[Track]()
        self.best: Finding | None = None
        self.clearest: Heard | None = None
        self._chains: list[_Chain] = []

    def evident(self, finding: Finding) -> bool:
        """Whether the evidence, all looks accounted for, reaches the false rate."""
        return self.log10_p(finding) <= float(np.log10(self._false_rate))

    def log10_p(self, finding: Finding) -> float:
        """The chance that any code in any look fits as well by accident."""
        return min(0.0, finding.log10_p + float(np.log10(max(self.looks, self._planned) / PILOT_SHARE)))

    def run(self, progress: Callable[[float], None]) -> None:
        """Search all lively windows in order, following what is known; then follow each line back to its beginning."""
        with Ahead(self.windows, self._heard_whole) as ahead:
            for index, window in enumerate(self.windows.all):
                if window.lively:
                    self._search(index, window, ahead)
                progress((index + 1) / len(self.windows.all))
        for track in self.tracks:
            self._followed(track, -1)

    def first_evidence(self) -> bool:
        """Whether there is evidence anywhere; the search ends where it is found."""
        with Ahead(self.windows, self._heard_whole) as ahead:
            for index, window in enumerate(self.windows.all):
                found = self._look(ahead.heard(index, further=True), window.start) if window.lively else []
                if any(self.evident(one) for one in found):
                    return True
        return False

    def follow(self, track: Track) -> None:
        """Follow a line from where it was found to its beginning and its end."""
        self._followed(track, -1)
        self._followed(track, 1)

    def lines(self) -> list[Line]:
        """The evidence along every track in steps of a quarter second, also just beyond where it was followed."""
        steps = self.steps
        sums = np.full((len(self.tracks), 2, steps), np.nan)
        for index, window in enumerate(self.windows.all):
            near = [(row, _nearest(track, index)) for row, track in enumerate(self.tracks)]
            if window.lively and any(placement for _, placement in near):
                power, first = self.windows.power(window), _step(window.core[0])
                last = steps if window is self.windows.all[-1] else _step(window.core[1])
                for row, placement in near:
                    if placement:
                        sums[row, :, first:last] = _binned(power, placement, window)[:, : last - first]
        return [Line(agreement, energy) for agreement, energy in sums]

    @property
    def steps(self) -> int:
        """Quarter seconds in the sound, at least one."""
        return _step(self.windows.rows) + 1

    def searched(self) -> NDArray[np.bool_]:
        """By steps, whether a window was searched, shape (steps,)."""
        out = np.zeros(self.steps, bool)
        for window in self.windows.all:
            out[_step(window.core[0]) : _step(window.core[1]) + 1] |= window.lively
        return out

    def _search(self, index: int, window: Window, ahead: Ahead) -> None:
        power = self.windows.power(window)
        for track in self.tracks:
            known = track.placements.get(index - 1)
            if known:
                placement = followed_on(power, known, first_row=window.start)
                if placement:
                    track.placements[index] = placement
        for _ in range(ROUNDS):
            open_rows = self._unexplained(index, power, window)
            if open_rows is None:
                return
            first, last = open_rows
            if open_rows == (0, len(power)):
                heard = ahead.heard(index, further=not any(index in track.placements for track in self.tracks))
            else:
                heard = self._heard(power[first:last])
            found = self._look(heard, window.start + first)
            new = [one for one in found if self.evident(one) and not self._known(one.placement, index)]
            if not new:
                return
            for finding in sorted(new, key=lambda one: one.log10_p):
                if not self._known(finding.placement, index):
                    self.tracks.append(Track(finding, {index: finding.placement}))

    def _look(self, heard: list[Heard], first_row: int) -> list[Finding]:
        """The best clip at everything heard from this row on, and in chains with the windows before."""
        self.looks += 1
        self._chains = [self._chained(one, first_row) for one in heard]
        joint = [replace(chain.last, soft=chain.soft) for chain in self._chains if chain.length > 1]
        found: list[Finding] = []
        for rank, one in enumerate([*heard, *joint]):
            local = one if rank < len(heard) else replace(one, alignment=one.alignment.moved(-first_row))
            found += self._named(local, rank, len(heard) + len(joint), first_row)
            if self._chance:
                self._chance.hear(one.soft)
        if heard and (self.clearest is None or heard[0].alignment.z > self.clearest.alignment.z):
            self.clearest = heard[0]
        self.best = min([*found, *([self.best] if self.best else [])], key=lambda one: one.log10_p, default=None)
        return found

    def _heard_whole(self, index: int) -> list[Heard]:
        return self._heard(self.windows.power(self.windows.all[index]))

    def _heard(self, power: Real) -> list[Heard]:
        if not self.library.pilots:
            return []
        if len(self.windows.all) == 1:
            return listen(power, self.library.pilots)
        return listen(power, self.library.pilots, followed_ones=SEVERAL_FOLLOWED, kept=SEVERAL_KEPT)

    def _named(self, heard: Heard, rank: int, of: int, first_row: int) -> Iterator[Finding]:
        hop = heard.alignment.hop
        shelves = [shelf for shelf in self.library.shelves if shelf.epoch == heard.epoch]
        tried = FRAMES * sum(len(shelf.book.places[hop]) for shelf in shelves)
        self.tried += tried
        matches = [(match, shelf) for shelf in shelves for match in shelf.book.matched(heard.soft, hop=hop, kept=1)]
        if matches:
            match, shelf = max(matches, key=lambda pair: pair[0].z)
            log10_p = scoring.log10_p(match.z, tried=tried / share(rank, of=of))
            yield Finding(match, shelf, log10_p, placed(heard, match, shelf, first_row=first_row))

    def _chained(self, heard: Heard, first_row: int) -> _Chain:
        """This reading together with those before that it continues."""
        here = replace(heard, alignment=heard.alignment.moved(first_row))
        for chain in self._chains:
            frames = _frames_on(chain.last, here)
            if frames is not None:
                soft = here.soft + chain.soft[(np.arange(FRAMES) - frames) % FRAMES]
                return _Chain(here, soft, chain.length + 1)
        return _Chain(here, here.soft, 1)

    def _followed(self, track: Track, step: int) -> None:
        """Into the windows before (-1) the first or after (1) the last known one, as long as it goes on."""
        index = min(track.placements) if step < 0 else max(track.placements)
        while 0 <= index + step < len(self.windows.all) and self.windows.all[index + step].lively:
            window = self.windows.all[index + step]
            placement = followed_on(self.windows.power(window), track.placements[index], first_row=window.start)
            index += step
            if placement is None or self._known(placement, index):
                return
            track.placements[index] = placement

    def _unexplained(self, index: int, power: Real, window: Window) -> tuple[int, int] | None:
        """The longest part of a window where no line is likely, in rows from its beginning; None below one second."""
        lines = []
        for track in self.tracks:
            if index in track.placements:
                sums = _binned(power, track.placements[index], replace(window, core=(window.start, window.end)))
                lines.append(Line(sums[0], sums[1]))
        if not lines:
            return 0, len(power)
        parts = course(lines, searched=np.ones(len(lines[0].energy), bool))
        longest = max(parts, key=lambda part: (part.end - part.start) * (part.line < 0) * part.telling)
        if longest.line >= 0 or not longest.telling:
            return None
        rows = round(longest.start * STEP_ROWS), min(len(power), round(longest.end * STEP_ROWS))
        return rows if (rows[1] - rows[0]) * ROW_SECONDS >= LEAST_SECONDS else None

    def _known(self, one: Placement, index: int) -> bool:
        """Whether a track has this line already in that window."""
        return any(_same(track.placements[index], one) for track in self.tracks if index in track.placements)


def likely_course(scan: Scan) -> list[Part]:
    """The time map of a finished scan, in steps."""
    return course(scan.lines(), searched=scan.searched())


def _step(row: int) -> int:
    return int(row / STEP_ROWS)


def _nearest(track: Track, index: int) -> Placement | None:
    """The track's line in that window or else in one beside it."""
    return next((track.placements[near] for near in (index, index - 1, index + 1) if near in track.placements), None)


def _binned(power: Real, placement: Placement, window: Window) -> NDArray[np.float64]:
    """Agreement and energy in the steps of the window's core, shape (2, steps)."""
    heard = evidence(power, placement, first_row=window.start)
    first, last = _step(window.core[0]), _step(window.core[1])
    steps = (heard.rows / STEP_ROWS).astype(np.int64) - first
    inside = (steps >= 0) & (steps <= last - first)
    sums = [np.bincount(steps[inside], values[inside], last - first + 1) for values in (heard.agreement, heard.energy)]
    return np.stack(sums)


def _frames_on(before: Heard, after: Heard) -> int | None:
    """By how many frames the later reading's first frame lies behind the earlier's; None if they are on two lines."""
    one, other = before.alignment, after.alignment
    apart = abs(np.log(one.scale / other.scale))
    if before.epoch != after.epoch or one.hop != other.hop or apart > SAME_SCALE:
        return None
    chips = (other.centre - one.centre) / (ROWS_PER_CHIP * one.scale)
    frames = round((before.lead + chips - after.lead) / CHIPS)
    return frames if abs(before.lead + chips - after.lead - frames * CHIPS) < SAME_CHIPS else None


def _same(one: Placement, other: Placement) -> bool:
    if one.shelf is not other.shelf or one.place != other.place:
        return False
    mine, theirs = one.alignment, other.alignment
    chips = one.chip + (theirs.centre - mine.centre) / (ROWS_PER_CHIP * mine.scale) - other.chip
    return bool(
        abs((chips + PERIOD / 2) % PERIOD - PERIOD / 2) < SAME_CHIPS
        and abs(np.log(mine.scale / theirs.scale)) < SAME_SCALE
    )
