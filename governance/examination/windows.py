"""Every second of an output held against the speaker and against the rest of the same output: which is another's?

An engine's imitation is less like the speaker than the speaker is, most of all over one second; but it is like itself.
A leaked voice is like neither. So a second is judged by the mean of both cosines (CAM++), and a run of seconds, which
may be half of the output and then has no honest rest, by its likeness to the speaker alone.

Measured with CAM++ on the test corpus. Nothing odd in 100 recordings of one reader (6 readers with references from
other recordings, 40 from the other half of the same) nor in 30 sentences by 10 stock voices; of 40 sentences in voices
that the local engine had learnt, one (it was unlike the speaker over seconds as well). Found, of other readers put into
those recordings: 1 s instead of the first second of speech, 64 of 69; 1.5 s, 62 of 66; 2 s, 59 of 62; 1.5 s in the
middle, 61 of 66; 2 s, 61 of 62. Voices of one synthesiser are more alike than that, so a sudden fall counts, too: of
25 genuine outputs no second fell below 0.52 of the better ones, and of 24 splices of stock voices 23 did below 0.45.
A leak of under about a second is not looked for. The thresholds were chosen on these same trials, and all is clean,
read speech.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from safety.speech import Segment

WINDOW_SECONDS, STEP_SECONDS = 1.0, 0.5
LEAST_SPEECH_SECONDS = 0.6
CLEARLY_ODD_BELOW, ODD_BELOW = 0.18, 0.24
SUDDENLY_ODD_SHARE, ALIKE_PERCENTILE = 0.45, 75.0
RUN_WINDOWS = 4
OTHER_RUN_BELOW = 0.20
OPENING_SECONDS = 2.0
LONGEST_PIECE_SECONDS = 4.0


@dataclass(frozen=True)
class Stretch:
    """Seconds from the start, and how alike they are: to the speaker, and (where there is a rest) to the rest."""

    start: float
    end: float
    likeness: float


def windows(segments: Sequence[Segment], *, seconds: float) -> list[tuple[float, float]]:
    """Start and end of every second, one each half second, that holds enough speech to tell a voice by."""
    last = max(0.0, seconds - WINDOW_SECONDS)
    starts = [min(last, index * STEP_SECONDS) for index in range(int(np.ceil(last / STEP_SECONDS)) + 1)]
    spans = [(start, min(seconds, start + WINDOW_SECONDS)) for start in starts]
    return [(start, end) for start, end in spans if spoken(segments, start, end) >= LEAST_SPEECH_SECONDS]


def spoken(segments: Sequence[Segment], start: float, end: float) -> float:
    """Seconds of speech between two moments."""
    return sum(max(0.0, min(end, segment.end) - max(start, segment.start)) for segment in segments)


def odd_seconds(
    spans: Sequence[tuple[float, float]], vectors: NDArray[np.float32], reference: NDArray[np.float32]
) -> list[Stretch]:
    """The seconds that are like neither the speaker nor the rest of the output, least alike first.

    One second must be so clearly; two neighbours, half a second apart, need it less; and none may fall to less than
    half of what the better seconds reach. `vectors` (windows, dimensions) and `reference` (dimensions) are unit vectors
    in one space.
    """
    likeness = _likeness(spans, vectors, reference)
    sudden = SUDDENLY_ODD_SHARE * float(np.percentile(likeness, ALIKE_PERCENTILE)) if likeness else 0.0
    found = [
        Stretch(start, end, likeness[index])
        for index, (start, end) in enumerate(spans)
        if likeness[index] < max(CLEARLY_ODD_BELOW, sudden)
        or (likeness[index] < ODD_BELOW and any(likeness[other] < ODD_BELOW for other in _neighbours(spans, index)))
    ]
    return sorted(found, key=lambda stretch: stretch.likeness)


def foreign_runs(
    spans: Sequence[tuple[float, float]], vectors: NDArray[np.float32], reference: NDArray[np.float32]
) -> list[Stretch]:
    """The runs of consecutive windows that together are not like the speaker, least alike first."""
    found = []
    for first in range(len(spans) - RUN_WINDOWS + 1):
        run = slice(first, first + RUN_WINDOWS)
        likeness = float(_unit(vectors[run].sum(axis=0)) @ reference)
        if likeness < OTHER_RUN_BELOW:
            found.append(Stretch(spans[first][0], spans[first + RUN_WINDOWS - 1][1], likeness))
    return sorted(found, key=lambda stretch: stretch.likeness)


def pieces(stretches: Sequence[Stretch]) -> list[tuple[float, float]]:
    """What the stretches cover, as start and end in seconds: those that touch joined, then cut evenly where too long.

    A long stretch may be more than one person's, and would be like neither of them.
    """
    joined: list[tuple[float, float]] = []
    for stretch in sorted(stretches, key=lambda stretch: stretch.start):
        if joined and stretch.start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stretch.end))
        else:
            joined.append((stretch.start, stretch.end))
    cut = []
    for start, end in joined:
        bounds = np.linspace(start, end, int(np.ceil((end - start) / LONGEST_PIECE_SECONDS)) + 1)
        cut += [(float(begin), float(stop)) for begin, stop in pairwise(bounds)]
    return cut


def _neighbours(spans: Sequence[tuple[float, float]], index: int) -> list[int]:
    start = spans[index][0]
    beside = [other for other in (index - 1, index + 1) if 0 <= other < len(spans)]
    return [other for other in beside if abs(spans[other][0] - start) <= STEP_SECONDS]


def _likeness(
    spans: Sequence[tuple[float, float]], vectors: NDArray[np.float32], reference: NDArray[np.float32]
) -> list[float]:
    """Of each window, the mean of its cosines with the reference and with all windows that do not overlap it."""
    to_reference = vectors @ reference
    found = []
    for index, (start, end) in enumerate(spans):
        rest = [other for other, (begin, stop) in enumerate(spans) if begin >= end or stop <= start]
        to_rest = vectors[index] @ _unit(vectors[rest].sum(axis=0)) if rest else to_reference[index]
        found.append(float(to_reference[index] + to_rest) / 2)
    return found


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)
