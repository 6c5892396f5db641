"""Which frame of one utterance says what a frame of the other says: dynamic time warping.

Sakoe and Chiba: Dynamic programming algorithm optimization for spoken word recognition, IEEE TASSP 26(1), 1978.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


def align(left: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[Indices, Indices]:
    """Pairs of frame numbers along the cheapest monotonic path; both inputs have shape (frames, features)."""
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2.0 * left @ right.T
    steps = _cheapest_steps(np.sqrt(np.maximum(squares, 0.0)))
    row, column = len(left) - 1, len(right) - 1
    path = [(row, column)]
    while row or column:
        step = steps[row, column]
        row, column = row - (step != 1), column - (step != 0)
        path.append((row, column))
    rows, columns = np.array(path[::-1], dtype=np.intp).T
    return rows, columns


def _cheapest_steps(distances: NDArray[np.float64]) -> NDArray[np.int8]:
    """For every cell how it is best reached: 0 from above, 1 from the left, 2 diagonally; by antidiagonals."""
    height, width = distances.shape
    steps = np.zeros((height, width), dtype=np.int8)
    before, last = np.full(height + 1, np.inf), np.full(height + 1, np.inf)
    for diagonal in range(height + width - 1):
        rows = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        columns = diagonal - rows
        here = distances[rows, columns]
        # costs are stored one to the right of their row, so that slot 0 is the outside of the table
        choices = np.stack([last[rows] + here, last[rows + 1] + here, before[rows] + 2.0 * here])
        if diagonal == 0:
            choices[2, 0] = here[0]
        best = choices.argmin(axis=0)
        steps[rows, columns] = best
        current = np.full(height + 1, np.inf)
        current[rows + 1] = choices[best, np.arange(len(rows))]
        before, last = last, current
    return steps
