"""An exact index of voices: those most alike by the first encoder, with nobody missed.

All rows are scored roughly, the rest is arithmetic: a row that belongs to the k best cannot score lower than the k-th
best rough score less twice the most by which a rough score can be wrong. What reaches that line is scored in double
precision, and only those scores count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from safety.search.locked import LockedMemory
from safety.search.passes import FirstPass, FloatPass, Query
from safety.search.rows import Rows

LARGEST_BLOCK = 32_768
SMALLEST_BLOCK = 256


@dataclass(frozen=True)
class Hit:
    """A row among the best: its identifier, cosines by every encoder, net seconds and bandwidth of its recording."""

    id: UUID
    scores: tuple[float, ...]
    seconds: float
    bandwidth_hz: float


class Index:
    """Voices by every encoder; not safe for use by several threads at once.

    With an `executor` the blocks are scored in its threads: whole blocks apart, since a barrier inside every product
    costs more than it brings where others use the same cores.
    """

    def __init__(
        self,
        dimensions: Sequence[int],
        *,
        first_pass: FirstPass | None = None,
        memory: LockedMemory | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.dimensions = tuple(dimensions)
        self.memory = memory or LockedMemory()
        self.first_pass = first_pass or FloatPass()
        self.executor = executor
        self.blocks: list[Rows] = []
        self._places: dict[UUID, Rows] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, voice_id: UUID) -> bool:
        return voice_id in self._places

    def add(
        self, ids: Sequence[UUID], parts: Sequence[NDArray[np.float32]], *, conditions: NDArray[np.float64]
    ) -> None:
        """Add voices: for every encoder a matrix of unit vectors, and seconds and bandwidth of shape (n, 2).

        An identifier that is here already is replaced.
        """
        self.remove(voice_id for voice_id in ids if voice_id in self._places)
        start = 0
        while start < len(ids):
            block = self._with_room(len(ids) - start)
            end = start + min(block.free, len(ids) - start)
            block.append(ids[start:end], [part[start:end] for part in parts], conditions[start:end])
            self._places.update(dict.fromkeys(ids[start:end], block))
            start = end

    def remove(self, ids: Iterable[UUID]) -> None:
        """Take voices out; those that are not here are no error."""
        for voice_id in list(ids):
            block = self._places.pop(voice_id, None)
            if block is not None:
                block.remove(block.ids.index(voice_id))

    def top(self, probe: Sequence[NDArray[np.float32]], *, count: int) -> list[Hit]:
        """The `count` rows most alike by the first encoder, best first; of equals, the smaller identifier first."""
        query = Query.of(probe[0])
        places = self._candidates(query, count)
        scored = [(self._exact(block, rows, query), block, rows) for block, rows in places]
        flat = [
            (-float(score), block.ids[row], block, int(row))
            for scores, block, rows in scored
            for score, row in zip(scores, rows, strict=True)
        ]
        best = sorted(flat, key=lambda item: item[:2])[:count]
        return [self._hit(block, row, probe) for _, _, block, row in best]

    def wipe(self) -> None:
        """Forget everything, and overwrite it."""
        for block in self.blocks:
            block.wipe()
        self.blocks.clear()
        self._places.clear()

    def _candidates(self, query: Query, count: int) -> list[tuple[Rows, NDArray[np.intp]]]:
        found: list[tuple[Rows, NDArray[np.intp], NDArray[np.float32]]] = []
        best = np.empty(0, np.float32)
        widest, line = 0.0, -np.inf
        for block, (rough, slack) in self._scored(query):
            widest = max(widest, slack)
            rows = np.flatnonzero(rough >= line - 2 * widest)
            found.append((block, rows, rough[rows]))
            best = _largest(np.concatenate([best, found[-1][2]]), count)
            if len(best) == count:
                line = float(best.min())
        low = line - 2 * widest
        return [(block, rows[scores >= low]) for block, rows, scores in found]

    def _scored(self, query: Query) -> Iterator[tuple[Rows, tuple[NDArray[np.float32], float]]]:
        blocks = [block for block in self.blocks if block.ids]
        apply = map if self.executor is None else self.executor.map
        return zip(blocks, apply(self.first_pass.score, blocks, [query] * len(blocks)), strict=True)

    @staticmethod
    def _exact(block: Rows, rows: NDArray[np.intp], query: Query) -> NDArray[np.float64]:
        return np.asarray(block.vectors[rows].astype(np.float64) @ query.vector.astype(np.float64))

    @staticmethod
    def _hit(block: Rows, row: int, probe: Sequence[NDArray[np.float32]]) -> Hit:
        scores = tuple(
            float(part[row].astype(np.float64) @ heard.astype(np.float64))
            for part, heard in zip(block.parts, probe, strict=True)
        )
        seconds, bandwidth = block.conditions[row]
        return Hit(block.ids[row], scores, float(seconds), float(bandwidth))

    def _with_room(self, wanted: int) -> Rows:
        """The last block, or a new one: as large as what is here already, so that small lists stay small."""
        roomy = next((block for block in self.blocks if block.free), None)
        if roomy is not None:
            return roomy
        capacity = min(LARGEST_BLOCK, max(SMALLEST_BLOCK, len(self), wanted))
        block = Rows(capacity, self.dimensions, memory=self.memory, coded=self.first_pass.needs_codes)
        self.blocks.append(block)
        return block


def _largest(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    if len(values) <= count:
        return values
    return np.partition(values, len(values) - count)[len(values) - count :]
