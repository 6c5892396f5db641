"""A waveform: mono float32 samples together with their rate, because neither means anything alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from synth_adapter.errors import WaveformError


@dataclass(frozen=True, eq=False)
class Waveform:
    """Samples of shape (n,), float32, nominally within -1..1, at `rate` hertz."""

    samples: NDArray[np.float32]
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise WaveformError(f"Expected mono float32 samples, got {self.samples.dtype} of {self.samples.shape}.")
        if self.rate <= 0:
            raise WaveformError(f"A sample rate is positive, got {self.rate}.")
        if not np.isfinite(self.samples).all():
            raise WaveformError("Samples contain NaN or infinity.")

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.rate

    def resampled(self, rate: int) -> Waveform:
        """The same sound at another rate (soxr, high quality)."""
        if rate == self.rate:
            return self
        return Waveform(np.asarray(soxr.resample(self.samples, self.rate, rate, quality="HQ"), dtype=np.float32), rate)

    def cut(self, start: float, end: float) -> Waveform:
        """The part between `start` and `end` seconds, clamped to what is there."""
        first, last = max(0, round(start * self.rate)), max(0, round(end * self.rate))
        return Waveform(self.samples[first:last], self.rate)
