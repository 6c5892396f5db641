"""What chance does on the very same sound: scores of random codes at all alignments that real ones were tried at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watermark.keyed.features import Real
from watermark.keyed.grid import CODE_CELLS


@dataclass(frozen=True)
class ChanceScores:
    """How many scores, their moments, the greatest, and the best of every key, shape (keys,)."""

    count: int
    mean: float
    deviation: float
    greatest: float
    best: NDArray[np.float32]


class RandomKeys:
    """Codes drawn at random once, scored on everything that is heard; holds a few megabytes, however long the sound."""

    def __init__(self, keys: int, *, seed: int) -> None:
        """`seed` makes a run repeatable: draw it from the sound, not from the result."""
        drawn = np.random.default_rng(seed).integers(0, 2, (keys, CODE_CELLS), dtype=np.int8)
        self._codes = (2 * drawn - 1).astype(np.float32)
        self._best = np.full(keys, -np.inf, np.float32)
        self._count, self._sum, self._squares = 0, 0.0, 0.0

    def hear(self, soft: Real) -> None:
        """Score every key at every first frame of one alignment's symbols, shape (FRAMES, CODE_CELLS)."""
        scores = self._codes @ (soft / np.maximum(np.linalg.norm(soft, axis=1, keepdims=True), 1e-12)).T
        self._best = np.maximum(self._best, scores.max(axis=1))
        self._count += scores.size
        self._sum += float(scores.sum(dtype=np.float64))
        self._squares += float(np.square(scores, dtype=np.float64).sum())

    def scores(self) -> ChanceScores:
        """Zero everywhere where nothing was heard."""
        if not self._count:
            return ChanceScores(0, 0.0, 0.0, 0.0, self._best)
        mean = self._sum / self._count
        deviation = float(np.sqrt(max(0.0, self._squares / self._count - mean**2)))
        return ChanceScores(self._count, mean, deviation, float(self._best.max()), self._best)
