"""Figures: a value with goal, direction, sample and 95 % interval; printed as a table and written as JSON."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

Z95 = 1.959964


@dataclass(frozen=True)
class Figure:
    """One measured figure; `goal` may be None where nothing was promised yet."""

    name: str
    value: float
    unit: str
    goal: float | None
    direction: str
    sample_size: int
    interval: tuple[float, float]

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.direction == "at least" else self.value <= self.goal


def of_mean(name: str, values: Sequence[float], *, unit: str, goal: float | None, direction: str) -> Figure:
    """The mean of `values` with a bootstrap interval (percentile, 2,000 resamples, fixed seed)."""
    array = np.asarray(values, dtype=float)
    draws = np.random.default_rng(0).choice(array, size=(2_000, len(array))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(name, float(array.mean()), unit, goal, direction, len(array), (float(low), float(high)))


def of_proportion(name: str, hits: int, total: int, *, goal: float | None, direction: str) -> Figure:
    """A proportion with Wilson's interval (Wilson 1927)."""
    share = hits / total
    centre = (share + Z95**2 / (2 * total)) / (1 + Z95**2 / total)
    half = Z95 * np.sqrt(share * (1 - share) / total + Z95**2 / (4 * total**2)) / (1 + Z95**2 / total)
    interval = (max(0.0, float(centre - half)), min(1.0, float(centre + half)))
    return Figure(name, share, "fraction", goal, direction, total, interval)


def machine() -> dict[str, Any]:
    """The machine's own limits, measured now: matrix throughput and memory bandwidth of one process."""
    square = np.random.default_rng(0).standard_normal((1_024, 1_024)).astype(np.float32)
    square @ square
    started = time.perf_counter()
    for _ in range(8):
        square @ square
    flops = 8 * 2 * 1_024**3 / (time.perf_counter() - started)
    block = np.zeros(64 * 1024 * 1024, dtype=np.uint8)
    started = time.perf_counter()
    for _ in range(8):
        block.copy()
    bandwidth = 8 * 2 * block.nbytes / (time.perf_counter() - started)
    return {
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "matrix_gflop_per_s": round(flops / 1e9, 1),
        "memory_gb_per_s": round(bandwidth / 1e9, 1),
    }


def report(figures: Sequence[Figure], *, title: str, destination: Path) -> None:
    """Print the table and write the JSON."""
    table = Table(title=title)
    for column in ("figure", "value", "unit", "goal", "met", "n", "95 % interval"):
        table.add_column(column)
    for figure in figures:
        goal = "" if figure.goal is None else f"{figure.direction} {figure.goal:g}"
        met = {True: "yes", False: "NO", None: ""}[figure.met]
        interval = f"{figure.interval[0]:.4g} to {figure.interval[1]:.4g}"
        table.add_row(figure.name, f"{figure.value:.4g}", figure.unit, goal, met, str(figure.sample_size), interval)
    Console(width=150).print(table)
    destination.parent.mkdir(exist_ok=True)
    body = {"machine": machine(), "figures": [{**asdict(figure), "met": figure.met} for figure in figures]}
    destination.write_text(json.dumps(body, indent=2) + "\n")
