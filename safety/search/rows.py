"""A block of rows in locked memory: vectors by every encoder, codes of the first, and what a comparison must know."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from safety.search.locked import LockedMemory, wipe
from safety.search.quantised import quantise


class Rows:
    """Up to `capacity` rows; the first `len(ids)` are in use, and a removed one is filled by the last.

    Attributes:
        vectors, codes, scales: the first encoder's part of the rows in use, of shape (n, d), (n, d) and (n,).
        others: the further encoders' parts.
        conditions: net seconds and bandwidth in hertz, of shape (n, 2).
        longest, most_kept, most_lost: bounds on norms over all rows that ever stood here.
    """

    def __init__(self, capacity: int, dimensions: Sequence[int], *, memory: LockedMemory, coded: bool) -> None:
        first, *others = dimensions
        self.capacity, self.coded = capacity, coded
        self.ids: list[UUID] = []
        self._vectors = memory.empty((capacity, first), np.float32)
        self._others = [memory.empty((capacity, dimension), np.float32) for dimension in others]
        self._codes = memory.empty((capacity if coded else 0, first), np.int8)
        self._scales = memory.empty((capacity if coded else 0,), np.float32)
        self._conditions = np.zeros((capacity, 2))
        self.longest = self.most_kept = self.most_lost = 0.0

    @classmethod
    def plain(cls, vectors: NDArray[np.float32]) -> Rows:
        """Rows for a trial or a measurement: one encoder, no names."""
        rows = cls(len(vectors), [vectors.shape[1]], memory=LockedMemory(), coded=True)
        rows.append([UUID(int=number) for number in range(len(vectors))], [vectors], np.zeros((len(vectors), 2)))
        return rows

    @property
    def free(self) -> int:
        return self.capacity - len(self.ids)

    @property
    def vectors(self) -> NDArray[np.float32]:
        return self._vectors[: len(self.ids)]

    @property
    def codes(self) -> NDArray[np.int8]:
        return self._codes[: len(self.ids)]

    @property
    def scales(self) -> NDArray[np.float32]:
        return self._scales[: len(self.ids)]

    @property
    def parts(self) -> list[NDArray[np.float32]]:
        return [self.vectors, *(other[: len(self.ids)] for other in self._others)]

    @property
    def conditions(self) -> NDArray[np.float64]:
        return self._conditions[: len(self.ids)]

    def append(
        self, ids: Sequence[UUID], parts: Sequence[NDArray[np.float32]], conditions: NDArray[np.float64]
    ) -> None:
        """Add rows; there must be as many `free`."""
        start, end = len(self.ids), len(self.ids) + len(ids)
        for kept, part in zip([self._vectors, *self._others], parts, strict=True):
            kept[start:end] = part
        self._conditions[start:end] = conditions
        self.longest = max(self.longest, float(np.linalg.norm(parts[0].astype(np.float64), axis=1).max()))
        if self.coded:
            coded = quantise(np.asarray(parts[0], dtype=np.float32))
            self._codes[start:end], self._scales[start:end] = coded.codes, coded.scales
            self.most_kept = max(self.most_kept, float(coded.kept.max()))
            self.most_lost = max(self.most_lost, float(coded.lost.max()))
        self.ids.extend(ids)

    def remove(self, position: int) -> None:
        """Take one row out; the last one moves to its place, and nothing of it stays behind."""
        last = len(self.ids) - 1
        stores = [self._vectors, *self._others, self._conditions, *([self._codes, self._scales] if self.coded else [])]
        for store in stores:
            store[position] = store[last]
            wipe(store[last : last + 1])
        self.ids[position] = self.ids[last]
        self.ids.pop()

    def wipe(self) -> None:
        for store in (self._vectors, *self._others, self._codes, self._scales):
            wipe(store)
        self.ids.clear()
