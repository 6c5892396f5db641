"""The first pass over all rows: approximate scores of a block, and the most by which they can be wrong.

Two ways: float32 as it is (NumPy's BLAS, bound by memory), and int8 (PyTorch's integer product; a quarter of the
bytes). Which one is used is settled by trying both on this very machine, and int8 only where its sums are exact:
processors without dot-product instructions may add int8 products in 16 bits, which overflow.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from safety.search.quantised import LEVELS, Codes, quantise, slack
from safety.search.rows import Rows

_TRIAL_ROWS = 60_000
_TRIAL_DIMENSIONS = 192
_TRIAL_BYTES_BETWEEN = 64 * 1024 * 1024
_REPEATS = 5
_FLOAT_ROUNDING = 2.0**-24


@dataclass(frozen=True)
class Query:
    """A probe as both passes need it."""

    vector: NDArray[np.float32]
    codes: Codes
    length: float

    @classmethod
    def of(cls, vector: NDArray[np.float32]) -> Query:
        plain = np.ascontiguousarray(vector, dtype=np.float32)
        return cls(plain, quantise(plain[np.newaxis]), float(np.linalg.norm(plain.astype(np.float64))))


class FirstPass(Protocol):
    """One way to score all rows roughly."""

    name: str
    needs_codes: bool

    def score(self, rows: Rows, query: Query) -> tuple[NDArray[np.float32], float]:
        """A score for each row, and the most by which any of them differs from the true dot product."""


class FloatPass:
    """Single precision: the error of a sum of d products is at most about d units in the last place (Higham 2002)."""

    name = "float32"
    needs_codes = False

    def score(self, rows: Rows, query: Query) -> tuple[NDArray[np.float32], float]:
        dimensions = rows.vectors.shape[1]
        scores = np.dot(rows.vectors, query.vector)
        return scores, 2 * dimensions * _FLOAT_ROUNDING * rows.longest * query.length


class IntegerPass:
    """One byte a number, sums in 32 bits."""

    name = "int8"
    needs_codes = True

    def score(self, rows: Rows, query: Query) -> tuple[NDArray[np.float32], float]:
        scores = integer_product(rows.codes, query.codes.codes[0]).astype(np.float32)
        scores *= rows.scales
        scores *= query.codes.scales[0]
        return scores, slack(kept=rows.most_kept, lost=rows.most_lost, query=query.codes, length=query.length)


def integer_product(codes: NDArray[np.int8], query: NDArray[np.int8]) -> NDArray[np.int32]:
    """The dot product of every row with the query, exactly."""
    column = torch.from_numpy(query.reshape(-1, 1))
    product: Any = torch._int_mm(torch.from_numpy(codes), column)  # noqa: SLF001 -- its only door to oneDNN's int8
    return np.asarray(product.numpy()[:, 0], dtype=np.int32)


def integers_are_exact() -> bool:
    """Whether int8 products add up exactly here, also where every one of them is as large as it can be."""
    generator = np.random.default_rng(0)
    extreme = np.full((64, _TRIAL_DIMENSIONS), LEVELS, np.int8)
    extreme[::2] = -LEVELS
    mixed = generator.integers(-LEVELS, LEVELS + 1, (64, _TRIAL_DIMENSIONS), dtype=np.int8)
    rows = np.concatenate([extreme, mixed])
    queries = (extreme[0], extreme[1], mixed[0])
    return all(np.array_equal(integer_product(rows, q), rows.astype(np.int64) @ q.astype(np.int64)) for q in queries)


def fastest_pass() -> FirstPass:
    """The way that is faster here, by trial on rows that do not fit into the processor's caches."""
    if not integers_are_exact():
        return FloatPass()
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((_TRIAL_ROWS, _TRIAL_DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = Query.of(vectors[0])
    rows = Rows.plain(vectors)
    ways: tuple[FirstPass, ...] = (FloatPass(), IntegerPass())
    return min(ways, key=lambda way: _seconds(lambda: way.score(rows, query)))


def _seconds(work: Callable[[], object]) -> float:
    """The best of a few runs, each after the caches were filled with something else."""
    other = np.ones(_TRIAL_BYTES_BETWEEN, np.uint8)
    taken = []
    work()
    for _ in range(_REPEATS):
        other += 1
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)
