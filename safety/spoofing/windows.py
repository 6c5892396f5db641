"""Cut a recording into the stretches of four seconds that the detector listens to, each mostly speech."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform

RATE = 16_000
SECONDS = 4.0
MOST = 12
FRAME = 320
QUIET_DB = 35.0
LEAST_SPEECH = 0.4


def windows(sound: Waveform) -> list[Waveform]:
    """At most `MOST` stretches at 16 kHz, evenly spread; one shorter stretch where there is no more."""
    whole = sound.resampled(RATE)
    length = round(SECONDS * RATE)
    trimmed = _trimmed(whole.samples)
    if len(trimmed) <= length:
        return [Waveform(trimmed, RATE)]
    count = min(MOST, -(-len(trimmed) // length))
    starts = np.linspace(0, len(trimmed) - length, count).astype(int)
    cut = [Waveform(trimmed[start : start + length], RATE) for start in starts]
    loud = [one for one in cut if np.mean(_active(one.samples, trimmed)) >= LEAST_SPEECH]
    return loud or cut


def _levels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    return np.asarray(10 * np.log10(np.mean(frames**2, axis=1) + 1e-12))


def _active(samples: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(_levels(samples) > np.percentile(_levels(whole), 95) - QUIET_DB)


def _trimmed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without the quiet at either end: how long somebody waits before speaking says nothing."""
    if len(samples) < FRAME:
        return samples
    heard = np.flatnonzero(_active(samples, samples))
    if not len(heard):
        return samples
    return samples[heard[0] * FRAME : (heard[-1] + 1) * FRAME]
