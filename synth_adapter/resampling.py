"""Changes the rate of sound that comes in pieces."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class Resampler:
    """Takes samples at `source` hertz and gives them at `target` (soxr, high quality, as `Waveform.resampled`)."""

    def __init__(self, source: int, target: int) -> None:
        self._stream = None if source == target else soxr.ResampleStream(source, target, 1, quality="HQ")

    def push(self, samples: Samples, *, last: bool) -> Samples:
        """Take more sound, shape (n,); give what is finished, shape (m,), in order; with the last one all the rest."""
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(samples, last=last), dtype=np.float32)
