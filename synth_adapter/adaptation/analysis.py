"""Speech as WORLD sees it: pitch, spectral envelope and aperiodicity, one frame every five milliseconds.

Morise, Yokomori and Ozawa: WORLD, IEICE Transactions on Information and Systems E99-D(7), 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform

RATE = 16_000  # speakers enrol at telephone to studio rates; above 8 kHz there is often nothing to learn from
FRAME_MS = 5.0
HOP = int(RATE * FRAME_MS / 1000)
ORDER = 40  # mel-cepstral coefficients, the first of them the level
_LOWEST_PITCH, _HIGHEST_PITCH = 60.0, 500.0
_AUDIBLE = 8.0  # natural logarithm of power below the loudest frames where silence begins: about 35 dB

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Speech:
    """Frames of speech: `pitch` (n,) in hertz, 0 unvoiced; `cepstra` (n, ORDER); `aperiodicity` (n, bins)."""

    pitch: Floats
    cepstra: Floats
    aperiodicity: Floats

    @property
    def audible(self) -> NDArray[np.bool_]:
        """Which frames hold speech and not silence."""
        level = self.cepstra[:, 0]
        return np.asarray(level > np.quantile(level, 0.95) - _AUDIBLE)


def analyse(waveform: Waveform) -> Speech:
    """Take speech apart."""
    samples = waveform.resampled(RATE).samples.astype(np.float64)
    pitch, times = pyworld.harvest(samples, RATE, f0_floor=_LOWEST_PITCH, f0_ceil=_HIGHEST_PITCH, frame_period=FRAME_MS)
    envelope = pyworld.cheaptrick(samples, pitch, times, RATE)
    aperiodicity = pyworld.d4c(samples, pitch, times, RATE)
    return Speech(pitch, pyworld.code_spectral_envelope(envelope, RATE, ORDER), aperiodicity)


def resynthesise(speech: Speech) -> Waveform:
    """Put speech together again, at 16 kHz."""
    bins = (speech.aperiodicity.shape[1] - 1) * 2
    envelope = pyworld.decode_spectral_envelope(np.ascontiguousarray(speech.cepstra), RATE, bins)
    samples = pyworld.synthesize(speech.pitch, envelope, speech.aperiodicity, RATE, FRAME_MS)
    return Waveform(np.clip(samples, -1.0, 1.0).astype(np.float32), RATE)
