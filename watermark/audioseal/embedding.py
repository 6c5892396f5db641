"""Writes AudioSeal's mark into sound piece by piece, in memory that does not grow with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synth_adapter.resampling import Resampler
from watermark.audioseal.streaming import generating

RATE = 16_000
PIECE = 4 * RATE
"""Samples that go through the networks at once."""

Samples = NDArray[np.float32]


class Embedder:
    """Marks sound of any rate; length and rate are kept, and all pieces together are the whole, marked.

    Holds the sound that waits for its mark: one piece, what the convolutions must know beyond it, and the delay of
    the resamplers.
    """

    def __init__(self, generator: Any, bits: list[int], *, rate: int, device: torch.device) -> None:
        self._stages, self._device = generating(generator, bits), device
        self._down, self._up = Resampler(rate, RATE), Resampler(RATE, rate)
        self._sound = self._heard = self._change = np.zeros(0, np.float32)
        self._owed = 0
        """Samples at 16 kHz that were heard and whose change was not given yet."""

    def push(self, samples: Samples) -> Samples:
        """Take more sound, shape (n,); give what is finished, shape (m,), in order."""
        self._sound = np.concatenate((self._sound, samples))
        self._hear(self._down.push(samples, last=False))
        return self._finished()

    def finish(self) -> Samples:
        """The rest; nothing may be pushed after it."""
        self._hear(self._down.push(np.zeros(0, np.float32), last=True))
        self._generate(self._heard, last=True)
        missing = max(0, len(self._sound) - len(self._change))
        self._change = np.concatenate((self._change, np.zeros(missing, np.float32)))
        return self._finished()

    def _hear(self, samples: Samples) -> None:
        self._heard = np.concatenate((self._heard, samples))
        self._owed += len(samples)
        while len(self._heard) >= PIECE:
            piece, self._heard = self._heard[:PIECE], self._heard[PIECE:]
            self._generate(piece, last=False)

    def _generate(self, piece: Samples, *, last: bool) -> None:
        with torch.inference_mode():
            sound = torch.from_numpy(piece.copy())[None, None].to(self._device)
            change = self._stages.push(sound, last=last)[0, 0, : self._owed].cpu().numpy()
        self._owed -= len(change)
        self._change = np.concatenate((self._change, self._up.push(change, last=last)))

    def _finished(self) -> Samples:
        count = min(len(self._sound), len(self._change))
        marked = self._sound[:count] + self._change[:count]
        self._sound, self._change = self._sound[count:], self._change[count:]
        return marked
