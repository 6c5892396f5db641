"""One reference from several samples: those that are unlike the rest are left out, better ones weigh more.

Each sample is compared with what the others make together (leave-one-out). One that is more likely somebody else than
the same speaker, a log-likelihood ratio under zero, is an outlier; the worst goes first, then the rest is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safety.calibration import Calibration
from safety.comparison import Comparison, VoiceEmbedding, compare, mean_of
from safety.errors import ComparisonError

LEAST_TO_COMPARE = 3
"""Of two samples that differ nobody can say which is the outlier."""
SAME_SPEAKER_FROM_LLR = 0.0
UNLIKE = "unlike-the-others"


@dataclass(frozen=True)
class Offered:
    """One sample's voice; `weight` (above 0) says how much its sound and length are worth against the others'."""

    position: int
    voice: VoiceEmbedding
    weight: float


@dataclass(frozen=True)
class LeftOut:
    """A sample that the reference is not made of, and how it compared with the others."""

    position: int
    comparison: Comparison


@dataclass(frozen=True)
class Merged:
    """The reference of several samples; `used` are their positions, each other one stands in `left_out`."""

    voice: VoiceEmbedding
    used: tuple[int, ...]
    left_out: tuple[LeftOut, ...]


def merge(samples: Sequence[Offered], *, calibration: Calibration) -> Merged | None:
    """The quality-weighted mean of the samples that agree; None where there is no voice, or none in common.

    At most half are left out: where more differ there is no telling who is the speaker, and all are used.

    Raises:
        ComparisonError: samples heard by other encoders than the calibration's, or a weight that is not above 0.
    """
    if any(sample.weight <= 0 for sample in samples):
        raise ComparisonError("Give every sample a weight above 0; leave out what is worth nothing.")
    kept, left_out = list(samples), list[LeftOut]()
    while len(kept) >= LEAST_TO_COMPARE:
        worst = _least_like_the_rest(kept, calibration)
        if worst is None or worst.comparison.llr >= SAME_SPEAKER_FROM_LLR:
            break
        left_out.append(worst)
        kept = [sample for sample in kept if sample.position != worst.position]
    if 2 * len(left_out) > len(samples):
        kept, left_out = list(samples), []
    voice = _mean(kept)
    if voice is None:
        return None
    return Merged(voice, tuple(sample.position for sample in kept), tuple(left_out))


def _least_like_the_rest(samples: Sequence[Offered], calibration: Calibration) -> LeftOut | None:
    compared = []
    for one in samples:
        rest = _mean([sample for sample in samples if sample is not one])
        if rest is not None:
            compared.append(LeftOut(one.position, compare(one.voice, rest, calibration=calibration)))
    return min(compared, key=lambda found: found.comparison.llr, default=None)


def _mean(samples: Sequence[Offered]) -> VoiceEmbedding | None:
    try:
        return mean_of([sample.voice for sample in samples], weights=[sample.weight for sample in samples])
    except ComparisonError:
        return None
