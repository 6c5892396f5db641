"""Moving one speaker's melody into another's range: mean and spread of the logarithm of pitch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synth_adapter.adaptation.analysis import Floats, Speech

_SMALLEST_SPREAD, _NARROWEST, _WIDEST = 0.02, 0.6, 1.6
_LOWEST, _HIGHEST = 55.0, 520.0
_MAD_TO_DEVIATION = 1.4826  # for a normal distribution


@dataclass(frozen=True)
class PitchRange:
    """Median and robust standard deviation of log pitch; octave errors of the tracker hardly move either."""

    centre: float
    spread: float


def pitch_range(speeches: Sequence[Speech]) -> PitchRange | None:
    """The range of all voiced, audible frames, or None when there are none."""
    voiced = np.concatenate([speech.pitch[speech.audible & (speech.pitch > 0)] for speech in speeches])
    if not len(voiced):
        return None
    logarithm = np.log(voiced)
    centre = float(np.median(logarithm))
    spread = _MAD_TO_DEVIATION * float(np.median(np.abs(logarithm - centre)))
    return PitchRange(centre, max(spread, _SMALLEST_SPREAD))


def move(pitch: Floats, *, source: PitchRange, target: PitchRange) -> Floats:
    """Pitch in hertz (0 unvoiced) from the source's range into the target's."""
    moved = np.zeros_like(pitch)
    voiced = pitch > 0
    ratio = float(np.clip(target.spread / source.spread, _NARROWEST, _WIDEST))
    logarithm = (np.log(pitch[voiced]) - source.centre) * ratio + target.centre
    moved[voiced] = np.clip(np.exp(logarithm), _LOWEST, _HIGHEST)
    return moved
