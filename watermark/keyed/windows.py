"""Goes through a sound of any length in overlapping windows, holding the spectra of one at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform
from watermark.keyed.features import RATE, ROW_SECONDS, STEP, WINDOW, Real, powers

QUIET = 1e-5
"""Root mean square, full scale 1, below which nothing is looked for."""
FAINT = 10 ** (-50 / 20)
"""Share of the sound's loudest row, likewise."""
LEAST_LIVELY = 0.5
"""Seconds of a window that must be louder than that."""


@dataclass(frozen=True)
class Window:
    """Rows `start` to `end` (4 ms each), of which so many are loud; of overlapping ones each answers for its `core`."""

    start: int
    end: int
    core: tuple[int, int]
    loud: int

    @property
    def lively(self) -> bool:
        """Whether it is searched."""
        return self.loud * ROW_SECONDS >= LEAST_LIVELY


class Windows:
    """The windows of a sound, and the power spectra of each on demand."""

    def __init__(self, waveform: Waveform, *, seconds: float, overlap: float) -> None:
        """One window for everything up to one and a half times `seconds`, else windows that overlap by `overlap`."""
        self._samples = waveform.resampled(RATE).samples
        self.rows = max(1, (len(self._samples) - WINDOW) // STEP + 1)
        lively = _lively(self._samples, self.rows)
        length, hop = round(seconds / ROW_SECONDS), round((seconds - overlap) / ROW_SECONDS)
        starts = [0] if self.rows <= 1.5 * length else [*range(0, self.rows - length, hop), self.rows - length]
        ends = [min(self.rows, start + length) for start in starts] if len(starts) > 1 else [self.rows]
        between = [(end + start) // 2 for end, start in zip(ends[:-1], starts[1:], strict=True)]
        cores = zip((0, *between), (*between, self.rows), strict=True)
        self.all = [
            Window(start, end, core, int(lively[start:end].sum()))
            for start, end, core in zip(starts, ends, cores, strict=True)
        ]

    def power(self, window: Window) -> Real:
        """The power spectra of a window, shape (rows, BINS)."""
        samples = self._samples[window.start * STEP : (window.end - 1) * STEP + WINDOW]
        return powers(Waveform(samples, RATE))


def _lively(samples: NDArray[np.float32], rows: int) -> NDArray[np.bool_]:
    whole = np.pad(samples, (0, max(0, rows * STEP - len(samples))))[: rows * STEP]
    loudness = np.sqrt(np.mean(whole.reshape(rows, STEP) ** 2, axis=1))
    return np.asarray(loudness > max(QUIET, FAINT * float(loudness.max())))
