"""From what ratio on a likeness counts, when a voice is held against a whole list. Pure.

Held against N people, a stranger has N chances to be taken for one of them. Up to `SHARED` people both thresholds of a
single comparison grow by ln N, as if its prior were shared out among them. Beyond, they grow by `GROWTH` ln N, which is
measured, not proven: the tails of these ratios fall faster than the ratios claim (Markov's inequality alone, from which
ln N + ln(1 / FPIR) follows, would keep the promise for any N, but misses four in five of the listed among 10^5).
`python -m bench.open_set` measures the rates of false and missed identifications that come of it; `docs/accuracy.md`
shows them. The growth was first drafted from scores of the speakers who now judge it and then tried, unchanged, on the
calibration's: the rates shown are kinder than those of speakers nobody has looked at, by an unknown amount.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.calibration import (
    LONGEST_SECONDS,
    MIDDLE_SECONDS,
    NARROW_BAND_HZ,
    SHORTEST_SECONDS,
    SPEECH,
    WIDE_BAND_HZ,
    Calibration,
    Outcome,
)

SHARED = 100
"""So many people share the prior of one comparison; beyond, thresholds grow more slowly."""
GROWTH = 0.7


@dataclass(frozen=True)
class Thresholds:
    """Natural log-likelihood ratios: from `match` it is the person, below `hold` it is not; between, somebody looks."""

    match: float
    hold: float

    def outcome(self, llr: float, *, offset: float = 0.0) -> Outcome:
        """What a ratio means on a list whose owner moved both thresholds by `offset`."""
        if llr >= self.match + offset:
            return "match"
        return "inconclusive" if llr >= self.hold + offset else "no_match"


def thresholds(calibration: Calibration, *, size: int) -> Thresholds:
    """The thresholds for a probe that is held against `size` people."""
    point, people = calibration.point(SPEECH), max(1, size)
    grown = math.log(min(people, SHARED)) + GROWTH * math.log(max(1.0, people / SHARED))
    return Thresholds(match=point.match + grown, hold=point.no_match + grown)


def ratios(
    calibration: Calibration,
    scores: NDArray[np.float64],
    *,
    seconds: NDArray[np.float64],
    bandwidth_hz: NDArray[np.float64],
) -> NDArray[np.float64]:
    """As `Calibration.llr`, for many at once and without its cap.

    The cap bounds what one comparison may claim as evidence. A search needs the order beyond it, since its thresholds
    lie there: what it says is "a person must look" or "refused for now", with an appeal.

    Args:
        calibration: whose coefficients.
        scores: cosines of shape (n, models), in the order of the calibration's models.
        seconds: net speech of the shorter side, shape (n,).
        bandwidth_hz: of the narrower side, shape (n,).
    """
    length = np.log(np.clip(seconds, SHORTEST_SECONDS, LONGEST_SECONDS) / MIDDLE_SECONDS)
    width = np.clip(bandwidth_hz, NARROW_BAND_HZ, WIDE_BAND_HZ)
    narrow = np.log(WIDE_BAND_HZ / width) / math.log(WIDE_BAND_HZ / NARROW_BAND_HZ)
    columns: Sequence[NDArray[np.float64]] = [
        np.ones(len(scores)),
        *scores.T,
        length,
        narrow,
        *(scores.T * length),
        *(scores.T * narrow),
    ]
    return np.asarray(np.stack(columns, axis=1) @ np.asarray(calibration.coefficients), dtype=np.float64)
