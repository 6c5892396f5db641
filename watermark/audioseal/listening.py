"""Hears AudioSeal's mark piece by piece: second by second how much of the sound is marked, and what the bits say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from synth_adapter.resampling import Resampler
from watermark.audioseal.embedding import PIECE, RATE, Samples
from watermark.audioseal.streaming import detecting

STEP = RATE
"""Samples at 16 kHz of one step of the course: a second; a piece holds several whole ones."""


@dataclass(frozen=True, eq=False)
class Course:
    """What was heard, in steps of a second; the last may be shorter.

    Attributes:
        samples: Of each step, at 16 kHz; shape (steps,).
        marked: How many of them the detector finds likelier marked than not; shape (steps,).
        logits: Of the bits, summed over each step; shape (steps, 16).
    """

    samples: NDArray[np.int64]
    marked: NDArray[np.int64]
    logits: NDArray[np.float64]

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of each step that is marked, 0 to 1; shape (steps,)."""
        return np.asarray(self.marked / self.samples, dtype=np.float64)

    @property
    def share(self) -> float:
        """The share of everything that is marked: the score of the package's own detector."""
        return float(self.marked.sum() / self.samples.sum())

    @property
    def bits(self) -> list[int]:
        """The bits by their mean over everything, as the package decodes them; without a mark they mean nothing."""
        return [int(logit > 0) for logit in self.logits.sum(axis=0)]

    def most_marked(self, *, steps: int) -> Course:
        """The stretch of so many steps of which most is marked; everything, where there are not more."""
        if len(self.samples) <= steps:
            return self
        first = int(np.argmax(_sums(self.marked, steps) / _sums(self.samples, steps)))
        kept = slice(first, first + steps)
        return Course(self.samples[kept], self.marked[kept], self.logits[kept])


class Listener:
    """Takes sound of any rate; holds one piece, and a few numbers for each second."""

    def __init__(self, detector: Any, *, rate: int, device: torch.device) -> None:
        self._stages, self._device = detecting(detector), device
        self._down = Resampler(rate, RATE)
        self._heard = np.zeros(0, np.float32)
        self._logits = torch.zeros(0)
        self._owed = 0
        self._steps: list[tuple[int, int, NDArray[np.float64]]] = []

    def push(self, samples: Samples) -> None:
        """Take more sound, shape (n,)."""
        self._hear(self._down.push(samples, last=False))

    def finish(self) -> Course:
        """What was heard; nothing may be pushed after it."""
        self._hear(self._down.push(np.zeros(0, np.float32), last=True))
        self._detect(self._heard, last=True)
        samples, marked, logits = zip(*self._steps, strict=True)
        return Course(np.array(samples), np.array(marked), np.stack(logits))

    def _hear(self, samples: Samples) -> None:
        self._heard = np.concatenate((self._heard, samples))
        self._owed += len(samples)
        while len(self._heard) >= PIECE:
            piece, self._heard = self._heard[:PIECE], self._heard[PIECE:]
            self._detect(piece, last=False)

    def _detect(self, piece: Samples, *, last: bool) -> None:
        with torch.inference_mode():
            sound = torch.from_numpy(piece.copy())[None, None].to(self._device)
            logits = self._stages.push(sound, last=last)[0, :, : self._owed].cpu()
        self._owed -= logits.shape[-1]
        self._logits = torch.cat((self._logits, logits), dim=-1) if self._logits.numel() else logits
        whole = self._logits.shape[-1] // STEP * STEP
        self._steps += [_step(self._logits[:, start : start + STEP]) for start in range(0, whole, STEP)]
        self._logits = self._logits[:, whole:]
        if last and self._logits.numel():
            self._steps.append(_step(self._logits))


def _step(logits: torch.Tensor) -> tuple[int, int, NDArray[np.float64]]:
    """Samples, marked ones, and the sums of the bits, of logits of shape (18, samples)."""
    marked = int(torch.count_nonzero(functional.softmax(logits[:2], dim=0)[1] > 0.5))  # noqa: PLR2004 - likelier than not
    return logits.shape[-1], marked, logits[2:].sum(dim=-1, dtype=torch.float64).numpy()


def _sums(values: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    """Sums over every run of so many steps."""
    return np.asarray(np.convolve(values, np.ones(steps, np.int64), mode="valid"))
