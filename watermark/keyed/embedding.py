"""Writes a pattern of cells into sound: raises and lowers magnitudes in short overlapping windows, phases untouched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.keyed.grid import BANDS, CHIP_SECONDS, EDGES, PERIOD, STRENGTH

WINDOW_SECONDS, OVERLAP = 0.024, 4
LEAST_RATE, MOST_RATE = 8_000, 48_000
BLOCK = 512
"""Windows transformed at once."""

Samples = NDArray[np.float32]


def embed(waveform: Waveform, pattern: NDArray[np.int8], *, strength: float = 1.0) -> Waveform:
    """The sound with `pattern`, signs of shape (PERIOD, BANDS), in it; length and rate are those of the input.

    Args:
        waveform: Any length, 8 to 48 kHz.
        pattern: From the first chip on; repeats.
        strength: Times the decibels of the grid.

    Raises:
        MarkError: The rate or the pattern is out of range.
    """
    marker = Embedder(pattern, rate=waveform.rate, strength=strength)
    return Waveform(np.concatenate((marker.push(waveform.samples), marker.finish())), waveform.rate)


class Embedder:
    """Marks sound piece by piece; all pieces together are what `embed` returns for the whole.

    Holds less than one block of windows, whatever the length; its output lags by at most that much and 24 ms.
    """

    def __init__(self, pattern: NDArray[np.int8], *, rate: int, strength: float = 1.0) -> None:
        """Raises `MarkError` for a rate outside 8 to 48 kHz or a pattern of another shape."""
        if not LEAST_RATE <= rate <= MOST_RATE:
            raise MarkError(f"The keyed mark takes 8 to 48 kHz, got {rate} Hz.")
        if pattern.shape != (PERIOD, BANDS):
            raise MarkError(f"A pattern has the shape {(PERIOD, BANDS)}, got {pattern.shape}.")
        self._hop = round(WINDOW_SECONDS * rate / OVERLAP)
        self._length = self._hop * OVERLAP
        self._rate = rate
        self._window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self._length) / self._length))
        bins = np.fft.rfftfreq(self._length, 1 / rate)
        self._band = np.searchsorted(EDGES, bins, side="right") - 1
        self._marked = (self._band >= 0) & (self._band < BANDS)
        exponents = pattern * (STRENGTH * strength / 20)
        self._changes = 10.0**exponents - 1.0
        self._waiting = np.zeros(self._length - self._hop)
        self._tail = np.zeros(self._length - self._hop)
        self._seen = self._sent = self._windows = 0

    def push(self, samples: Samples) -> Samples:
        """Take more sound, shape (n,); give what is finished, shape (m,), in order."""
        self._seen += len(samples)
        pieces = [self._take(samples[i : i + BLOCK * self._hop]) for i in range(0, len(samples), BLOCK * self._hop)]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def finish(self) -> Samples:
        """The rest; nothing may be pushed after it."""
        left = self._seen - self._sent
        out = self._take(np.zeros(left + self._length, np.float32))
        self._sent -= len(out) - left
        return out[:left]

    def _take(self, samples: Samples) -> Samples:
        """Windows begin `length - hop` before the first sample, so that every sample lies in as many."""
        self._waiting = np.concatenate((self._waiting, samples.astype(np.float64)))
        count = max(0, (len(self._waiting) - self._length) // self._hop + 1)
        if count == 0:
            return np.zeros(0, np.float32)
        done = count * self._hop
        spans = np.lib.stride_tricks.sliding_window_view(self._waiting, self._length)[: done : self._hop]
        spectra = np.fft.rfft(spans * self._window)
        centres = (np.arange(self._windows, self._windows + count) + 1 - OVERLAP / 2) * self._hop / self._rate
        chips = np.floor(centres / CHIP_SECONDS).astype(np.int64) % PERIOD
        spectra *= np.where(self._marked, self._changes[chips][:, np.where(self._marked, self._band, 0)], 0.0)
        added = np.fft.irfft(spectra, self._length) * self._window / (OVERLAP / 2)
        summed = np.concatenate((self._tail, np.zeros(done)))
        for index in range(count):
            summed[index * self._hop : index * self._hop + self._length] += added[index]
        out = self._waiting[:done] + summed[:done]
        self._waiting, self._tail = self._waiting[done:], summed[done:]
        lead = max(0, self._length - self._hop - self._windows * self._hop)
        self._windows += count
        finished = out[lead:].astype(np.float32)
        self._sent += len(finished)
        return finished
