"""Which parts of a sound hold which clip's mark: evidence by quarter seconds, the likeliest course through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP_SECONDS = 0.25
CHANGE_COST = 6.0
"""Nats that one change from one clip to another, or to none, takes: about one in 400 steps."""
TELLING = 5.0
"""Nats of evidence that a part must be able to hold, for its absence to mean something."""
ROUNDS = 3
CAUTION = 0.85
"""Share of the mean score of a step that is expected where a mark is: steps differ."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Steps from `start` to `end` in one state: -1 where no line is likely, else the line's number.

    Attributes:
        start: First step.
        end: The step after the last.
        line: Which of the lines, -1 for none.
        z: Score of that line's code there; of the best line where there is none.
        telling: Whether a mark would have shown.
    """

    start: int
    end: int
    line: int
    z: float
    telling: bool


@dataclass(frozen=True)
class Strength:
    """How strongly a mark speaks where it is: for each unit of the square root of energy, and at most."""

    gain: float
    most: float

    @classmethod
    def within(cls, agreement: Doubles, energy: Doubles) -> Strength:
        """As heard in these steps, taken cautiously; never negative."""
        total = max(float(energy.sum()), 1e-12)
        most = CAUTION * float(np.mean(_scores(agreement, energy))) if len(energy) else 0.0
        return cls(max(0.0, float(agreement.sum()) / total), max(0.0, most))

    def nats(self, agreement: Doubles, energy: Doubles) -> Doubles:
        """Log-likelihood ratio of marked to unmarked in every step."""
        expected = np.minimum(self.gain * np.sqrt(energy), self.most)
        return np.asarray(expected * _scores(agreement, energy) - expected**2 / 2)

    def holds(self, energy: Doubles) -> float:
        """Nats that a mark in these steps would give."""
        return float(np.sum(np.minimum(self.gain * np.sqrt(energy), self.most) ** 2)) / 2


@dataclass(frozen=True, eq=False)
class Line:
    """The evidence of one clip's code along a line through the sound, by steps; NaN where nobody looked.

    Attributes:
        agreement: Sum of sign times soft cell, shape (steps,).
        energy: Sum of squared soft cells: the variance of `agreement` under random signs, same shape.
    """

    agreement: Doubles
    energy: Doubles

    def strength(self) -> Strength:
        """Where the line speaks loudest."""
        looked = ~np.isnan(self.energy)
        agreement, energy = self.agreement[looked], self.energy[looked]
        start, end = liveliest(agreement, energy)
        return Strength.within(agreement[start:end], energy[start:end])

    def nats(self) -> Doubles:
        """Log-likelihood ratio of marked to unmarked in every step, minus infinity where nobody looked."""
        ratio = self.strength().nats(self.agreement, self.energy)
        return np.asarray(np.where(np.isnan(self.energy), -np.inf, ratio))


def liveliest(agreement: Doubles, energy: Doubles) -> tuple[int, int]:
    """The run of steps that most likely holds the signs, given that one does; both of shape (steps,)."""
    start, end = 0, len(agreement)
    for _ in range(ROUNDS if end else 0):
        nats = Strength.within(agreement[start:end], energy[start:end]).nats(agreement, energy)
        gained = np.concatenate(([0.0], np.cumsum(nats)))
        lowest = np.minimum.accumulate(gained)
        end = int(np.argmax(gained[1:] - lowest[:-1])) + 1
        start = int(np.argmin(gained[:end]))
    return start, end


def course(lines: Sequence[Line], *, searched: NDArray[np.bool_]) -> list[Part]:
    """The likeliest sequence of lines and none (Viterbi), as parts without gaps.

    Args:
        lines: Their evidence, of as many steps as `searched`; their numbers are their places.
        searched: Whether a mark was looked for in a step, shape (steps,).
    """
    steps = len(searched)
    nats = np.vstack([np.zeros(steps), *(line.nats() for line in lines)])
    best, came = nats[:, 0].copy(), np.zeros(nats.shape, np.int64)
    for step in range(1, steps):
        leader = int(best.argmax())
        change = best[leader] - CHANGE_COST > best
        came[:, step] = np.where(change, leader, np.arange(len(best)))
        best = np.where(change, best[leader] - CHANGE_COST, best) + nats[:, step]
    states = np.zeros(steps, np.int64)
    states[-1] = best.argmax()
    for step in range(steps - 1, 0, -1):
        states[step - 1] = came[states[step], step]
    edges = np.flatnonzero(np.diff(states)) + 1
    return [
        _part(lines, slice(int(start), int(end)), int(states[start]) - 1, searched)
        for start, end in zip((0, *edges), (*edges, steps), strict=True)
    ]


def _part(lines: Sequence[Line], steps: slice, line: int, searched: NDArray[np.bool_]) -> Part:
    if line >= 0:
        return Part(steps.start, steps.stop, line, _z(lines[line], steps), telling=True)
    holds = [one.strength().holds(np.nan_to_num(one.energy[steps])) for one in lines]
    looked = any(not np.isnan(one.energy[steps]).all() for one in lines)
    telling = max(holds, default=0.0) >= TELLING if looked else bool(searched[steps].mean() > 1 / 2)
    return Part(steps.start, steps.stop, line, max((_z(one, steps) for one in lines), default=0.0), telling=telling)


def _z(line: Line, steps: slice) -> float:
    energy = float(np.nansum(line.energy[steps]))
    return float(np.nansum(line.agreement[steps])) / float(np.sqrt(energy)) if energy > 0 else 0.0


def _scores(agreement: Doubles, energy: Doubles) -> Doubles:
    return np.asarray(agreement / np.sqrt(np.maximum(energy, 1e-12)))
