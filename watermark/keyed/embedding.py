"""Writes a pattern of cells into sound: raises and lowers magnitudes in short overlapping windows, phases untouched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.keyed.grid import BANDS, CHIP_SECONDS, CHIPS, EDGES, PERIOD
from watermark.keyed.shaping import between, decibels
from watermark.keyed.strength import needed

WINDOW_SECONDS, OVERLAP = 0.024, 4
LEAST_RATE, MOST_RATE = 8_000, 48_000
WINDOWS = 512
"""Windows transformed at once."""
STRETCH_CHIPS = 3 * CHIPS
"""Sound that gets one strength: 3.07 s, as much as is held back."""

Samples = NDArray[np.float32]
Signs = NDArray[np.int8]


def embed(waveform: Waveform, pattern: Signs, *, strength: float | None = None) -> Waveform:
    """The sound with `pattern`, signs of shape (PERIOD, BANDS), in it; length and rate are those of the input.

    Args:
        waveform: Any length, 8 to 48 kHz.
        pattern: From the first chip on; repeats.
        strength: Times the decibels of the grid; None chooses for every stretch what it needs to outlast noise.

    Raises:
        MarkError: The rate or the pattern is out of range.
    """
    marker = Embedder(pattern, rate=waveform.rate, strength=strength)
    return Waveform(np.concatenate((marker.push(waveform.samples), marker.finish())), waveform.rate)


class Embedder:
    """Marks sound piece by piece; all pieces together are what `embed` returns for the whole.

    Holds one stretch where the strength is to be chosen, else less than two windows, whatever the length.
    """

    def __init__(self, pattern: Signs, *, rate: int, strength: float | None = None) -> None:
        """Raises `MarkError` for a rate outside 8 to 48 kHz or a pattern of another shape."""
        if not LEAST_RATE <= rate <= MOST_RATE:
            raise MarkError(f"The keyed mark takes 8 to 48 kHz, got {rate} Hz.")
        if pattern.shape != (PERIOD, BANDS):
            raise MarkError(f"A pattern has the shape {(PERIOD, BANDS)}, got {pattern.shape}.")
        self._pattern, self._changes, self._rate = pattern, decibels(pattern), rate
        self._fixed = strength
        self._writer = Writer(self._changes, rate=rate, strength=strength or 0.0)
        self._held = np.zeros(0, np.float32)
        self._stretches = 0

    def push(self, samples: Samples) -> Samples:
        """Take more sound, shape (n,); give what is finished, shape (m,), in order."""
        if self._fixed is not None:
            return self._writer.push(samples)
        self._held = np.concatenate((self._held, samples))
        out = [np.zeros(0, np.float32)]
        while len(self._held) >= (length := self._end(self._stretches + 1) - self._end(self._stretches)):
            stretch, self._held = self._held[:length], self._held[length:]
            out.append(self._marked(stretch))
        return np.concatenate(out)

    def finish(self) -> Samples:
        """The rest; nothing may be pushed after it. What is less than a stretch keeps the strength before it."""
        rest = self._held
        if self._stretches == 0 and self._fixed is None:
            return np.concatenate((self._marked(rest), self._writer.finish()))
        return np.concatenate((self._writer.push(rest), self._writer.finish()))

    def _marked(self, stretch: Samples) -> Samples:
        first = self._stretches * STRETCH_CHIPS
        turned = np.roll(self._changes, -first, axis=0)

        def tried(strength: float) -> Samples:
            writer = Writer(turned, rate=self._rate, strength=strength)
            return np.concatenate((writer.push(stretch), writer.finish()))

        strength = needed(tried, np.roll(self._pattern, -first, axis=0), rate=self._rate)
        self._writer.turn(strength, chip=first)
        self._stretches += 1
        return self._writer.push(stretch)

    def _end(self, stretches: int) -> int:
        return round(stretches * STRETCH_CHIPS * CHIP_SECONDS * self._rate)


class Writer:
    """Applies decibels to sound piece by piece; its output lags by at most two windows."""

    def __init__(self, changes: NDArray[np.float64], *, rate: int, strength: float) -> None:
        """`changes` are the decibels of every cell, shape (PERIOD, BANDS); `strength` multiplies them."""
        self._hop = round(WINDOW_SECONDS * rate / OVERLAP)
        self._length = self._hop * OVERLAP
        self._rate = rate
        self._window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self._length) / self._length))
        bins = np.searchsorted(EDGES, np.fft.rfftfreq(self._length, 1 / rate), side="right") - 1
        self._first, self._last = np.searchsorted(bins, [0, BANDS])
        self._band = bins[self._first : self._last]
        self._exponents = changes * (np.log(10.0) / 20)
        self._strengths, self._from = (strength, strength), 0
        self._waiting = np.zeros(self._length - self._hop)
        self._tail = np.zeros(self._length - self._hop)
        self._seen = self._sent = self._windows = 0

    def turn(self, strength: float, *, chip: int) -> None:
        """Multiply by `strength` from `chip` on."""
        before = self._strengths[1] if chip else strength
        self._strengths, self._from = (before, strength), chip

    def push(self, samples: Samples) -> Samples:
        """Take more sound, shape (n,); give what is finished, shape (m,), in order."""
        self._seen += len(samples)
        size = WINDOWS * self._hop
        pieces = [self._take(samples[start : start + size]) for start in range(0, len(samples), size)]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def finish(self) -> Samples:
        """The rest; nothing may be pushed after it."""
        left = self._seen - self._sent
        return self._take(np.zeros(left + self._length, np.float32))[:left]

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
        spectra[:, self._first : self._last] *= self._gains(centres)
        spectra[:, : self._first] = spectra[:, self._last :] = 0.0
        added = np.fft.irfft(spectra, self._length) * self._window / (OVERLAP / 2)
        summed = np.concatenate((self._tail, np.zeros(done)))
        for part in range(OVERLAP):
            summed[part * self._hop : part * self._hop + done] += added.reshape(count, OVERLAP, self._hop)[
                :, part
            ].reshape(-1)
        out = self._waiting[:done] + summed[:done]
        self._waiting, self._tail = self._waiting[done:], summed[done:]
        lead = max(0, self._length - self._hop - self._windows * self._hop)
        self._windows += count
        finished = out[lead:].astype(np.float32)
        self._sent += len(finished)
        return finished

    def _gains(self, centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is added, in terms of what is there, in every window and marked bin."""
        chips, share = between(centres)
        exponents = self._at(chips) * (1 - share)[:, None] + self._at(chips + 1) * share[:, None]
        changes: NDArray[np.float64] = np.expm1(exponents)[:, self._band]
        return changes

    def _at(self, chips: NDArray[np.int64]) -> NDArray[np.float64]:
        before, now = self._strengths
        strengths = np.where(chips < self._from, before, now)
        return np.asarray(self._exponents[chips % PERIOD] * strengths[:, None], dtype=np.float64)
