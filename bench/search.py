"""One search over long lists, against the time that reading the bytes takes, and against FAISS and usearch.

All of it in one run and interleaved: the read bandwidth of this machine (a sum over as many bytes), our exact search by
either first pass, the search as a whole with the comparison of its candidates, and, where they are installed, FAISS
IndexFlatIP and usearch's exact search. Every answer is checked against all scores in double precision. Run with
`python -m bench.search [rows …]`; FAISS and usearch are no dependencies of the project: without them their rows are
left out, by name.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from uuid import UUID

import django
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

import torch  # noqa: E402 -- Django must be configured first

from bench.figures import Figure, report  # noqa: E402 -- likewise
from safety.search.index import Index  # noqa: E402 -- likewise
from safety.search.passes import FirstPass, FloatPass, IntegerPass, fastest_pass, integers_are_exact  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
WIDTH, COUNT, REPEATS, THREADS = 192, 10, 31, 2
SETTLING_SECONDS = 0.05
SIZES = (100_000, 1_000_000)
RIVALS = ("faiss", "usearch")
Vectors = NDArray[np.float32]


def crowd(rows: int) -> Vectors:
    """Unit vectors, alike as impostors are: a common direction and noise."""
    generator = np.random.default_rng(rows)
    vectors = generator.standard_normal((rows, WIDTH), dtype=np.float32)
    vectors[:, 0] += 3.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def index_of(vectors: Vectors, first_pass: FirstPass) -> Index:
    executor = ThreadPoolExecutor(THREADS) if first_pass.needs_codes else None
    index = Index([WIDTH], first_pass=first_pass, executor=executor)
    ids = [UUID(int=row) for row in range(len(vectors))]
    for start in range(0, len(vectors), 32_768):
        part = vectors[start : start + 32_768]
        index.add(ids[start : start + 32_768], [part], conditions=np.zeros((len(part), 2)))
    return index


def ours(vectors: Vectors, first_pass: FirstPass) -> Callable[[Vectors], list[int]]:
    index = index_of(vectors, first_pass)
    return lambda probe: [hit.id.int for hit in index.top([probe], count=COUNT)]


def faiss_flat(vectors: Vectors) -> Callable[[Vectors], list[int]]:
    import faiss  # type: ignore[import-not-found]  # noqa: PLC0415 -- only where it is installed

    faiss.omp_set_num_threads(THREADS)
    index = faiss.IndexFlatIP(WIDTH)
    index.add(vectors)
    return lambda probe: list(map(int, index.search(probe[np.newaxis], COUNT)[1][0]))


def usearch_exact(vectors: Vectors) -> Callable[[Vectors], list[int]]:
    from usearch.index import MetricKind, search  # type: ignore[import-not-found]  # noqa: PLC0415 -- likewise

    def find(probe: Vectors) -> list[int]:
        matches = search(vectors, probe, COUNT, MetricKind.IP, exact=True, threads=THREADS)
        return list(map(int, matches.keys))

    return find


def reading(size: int) -> Callable[[Vectors], list[int]]:
    """Reads so many bytes with as many threads: what no search can beat."""
    parts = torch.ones(size // 8, dtype=torch.int64).chunk(THREADS)
    executor = ThreadPoolExecutor(THREADS)

    def read(_probe: Vectors) -> list[int]:
        list(executor.map(torch.sum, parts))
        return []

    return read


def measure(rows: int) -> list[Figure]:
    """All ways in turn, each round with another probe."""
    vectors = crowd(rows)
    probes = vectors[:: max(1, rows // (REPEATS + 3))][: REPEATS + 3].copy()
    ways: dict[str, Callable[[Vectors], list[int]]] = {
        "read float32": reading(rows * WIDTH * 4),
        "read int8": reading(rows * WIDTH),
        "float32": ours(vectors, FloatPass()),
    }
    if integers_are_exact():
        ways["int8"] = ours(vectors, IntegerPass())
    for name, rival in zip(RIVALS, (faiss_flat, usearch_exact), strict=True):
        if find_spec(name):
            ways[name] = rival(vectors)
        else:
            print(f"{name} is not installed: its rows are left out.")
    truth = [set(np.argsort(-(vectors @ probe.astype(np.float64)))[:COUNT].tolist()) for probe in probes]
    taken: dict[str, list[float]] = {name: [] for name in ways}
    found = dict.fromkeys(ways, 0)
    for turn, probe in enumerate(probes):
        for name, way in ways.items():
            time.sleep(SETTLING_SECONDS)  # the threads of the way before it spin for a while
            started = time.perf_counter()
            answer = way(probe)
            taken[name].append(time.perf_counter() - started)
            found[name] += len(truth[turn] & set(answer))
    return _figures(rows, {name: values[3:] for name, values in taken.items()}, found, len(probes) * COUNT)


def _figures(rows: int, taken: Mapping[str, list[float]], found: Mapping[str, int], wanted: int) -> list[Figure]:
    figures = [
        _of(f"{name}: {rows:,} rows", [1_000 * value for value in values], unit="ms") for name, values in taken.items()
    ]
    for name, bound in (("float32", "read float32"), ("int8", "read int8")):
        if name in taken:
            ratios = [a / b for a, b in zip(taken[name], taken[bound], strict=True)]
            figures.append(_of(f"{name} / reading its bytes: {rows:,} rows", ratios, unit="ratio", goal=1.3))
    best = min((name for name in ("float32", "int8") if name in taken), key=lambda name: median(taken[name]))
    for rival in RIVALS:
        if rival in taken:
            ratios = [a / b for a, b in zip(taken[rival], taken[best], strict=True)]
            figures.append(
                _of(f"{rival} / ours ({best}): {rows:,} rows", ratios, unit="ratio", goal=5.0, direction="at least")
            )
    for name, hits in found.items():
        if not name.startswith("read"):
            figures.append(
                Figure(
                    f"recall@{COUNT}, {name}: {rows:,} rows",
                    hits / wanted,
                    "fraction",
                    1.0,
                    "at least",
                    wanted,
                    (hits / wanted, hits / wanted),
                )
            )
    return figures


def _of(name: str, values: list[float], *, unit: str, goal: float | None = None, direction: str = "at most") -> Figure:
    """The median with its 95 % interval (order statistics by bootstrap, 2,000 resamples, fixed seed)."""
    draws = np.median(np.random.default_rng(0).choice(values, size=(2_000, len(values))), axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(name, median(values), unit, goal, direction, len(values), (float(low), float(high)))


def figures(sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Every figure for lists of these sizes."""
    torch.set_num_threads(1)  # threads are given whole blocks: see safety.search.index
    print(f"the faster first pass here, by trial: {fastest_pass().name}")
    return [figure for rows in sizes for figure in measure(rows)]


def main() -> int:
    """Measure, print, write."""
    found = figures([int(size) for size in sys.argv[1:]] or SIZES)
    report(found, title="Exact search", destination=ROOT / "bench" / "search.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
