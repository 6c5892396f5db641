"""Vectors in one byte a number, and how far a dot product of them can be from the true one. Pure.

A row x is kept as x = s r + e with integers r in [-127, 127], a query y likewise as y = t q + f. Then
x.y - s t (r.q) = e.y + (s r).f, and by Cauchy and Schwarz its size is at most |e| |y| + |s r| |f|: all four norms are
known, so the bound holds for every row and needs no assumption about the vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = 127
LONGEST = 1_040  # products of codes add up to less than 2**24, which float32 holds exactly
_ROUNDING = 4 * 2.0**-24  # three roundings in float32 between the integers and the approximate score, relative to it
_UP = 1 + 1e-6


@dataclass(frozen=True)
class Codes:
    """Rows of shape (n, d) as int8, their scales, and for each row the norms of what was kept and of what was lost."""

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    kept: NDArray[np.float64]
    lost: NDArray[np.float64]


def quantise(vectors: NDArray[np.float32]) -> Codes:
    """Every row with its own scale, so that its largest number becomes 127."""
    if vectors.shape[1] > LONGEST:
        raise ValueError(f"Vectors of more than {LONGEST} numbers cannot be added up exactly; got {vectors.shape[1]}.")
    scales = np.abs(vectors).max(axis=1).astype(np.float32) / np.float32(LEVELS)
    scales[scales == 0] = 1.0
    codes = np.clip(np.rint(vectors / scales[:, np.newaxis]), -LEVELS, LEVELS).astype(np.int8)
    restored = codes.astype(np.float64) * scales.astype(np.float64)[:, np.newaxis]
    kept = np.linalg.norm(restored, axis=1) * _UP
    lost = np.linalg.norm(vectors.astype(np.float64) - restored, axis=1) * _UP
    return Codes(codes, scales, kept, lost)


def slack(*, kept: float, lost: float, query: Codes, length: float) -> float:
    """The most by which an approximate score can miss the true one, where rows keep at most `kept` and lose `lost`.

    `length` is the norm of the query itself.
    """
    bound = lost * length + kept * float(query.lost[0])
    return bound + _ROUNDING * kept * float(query.kept[0])
