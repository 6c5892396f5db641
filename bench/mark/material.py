"""Clips to mark: of the corpus, natural and made, and of our engine at 16, 24 and 48 kHz, in an order drawn once.

The strengths of the mark were chosen on the first 60 recordings of this order; `held_out` never gives those.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from bench.speakers.embeddings import CACHE, CORPUS
from synth_adapter.waveform import Waveform

LEAD = 0.3
"""Seconds left out at the beginning, often silent."""
TUNED, TUNED_SECONDS = 60, 3.0
MADE = CACHE.parent / "mark-material"
RATES = (16_000, 24_000, 48_000)
"""At which clips of the engine are marked, in turn."""
APART, OVERLAPPING_STEP = 5.0, 2.0
"""Clips of one recording up to five seconds lie side by side; longer ones begin two seconds apart and overlap."""
ENGINE_SHARE = 0.3
"""Of the clips held out, the engine makes at most so many."""


@dataclass(frozen=True)
class Place:
    """Where a clip lies: its recording, first second, length, and the rate at which it is to be marked."""

    path: Path
    name: str
    start: float
    seconds: float
    rate: int
    by_engine: bool

    def read(self) -> Waveform:
        """The sound, of exactly so many seconds; raises what soundfile raises."""
        samples, source = soundfile.read(self.path, dtype="float32", always_2d=True)
        return (
            Waveform(np.ascontiguousarray(samples.mean(axis=1, dtype=np.float32)), source)
            .cut(self.start, self.start + self.seconds + 0.05)
            .resampled(self.rate)
            .cut(0.0, self.seconds)
        )


def clips(count: int, *, seconds: float, rate: int = 16_000) -> list[tuple[str, Waveform]]:
    """At most `count` names and clips of exactly so many seconds, of speakers all different within a source."""
    return [(place.name, place.read()) for place in _first_of_speakers(seconds, rate)[:count]]


def held_out(count: int, *, seconds: float) -> list[Place]:
    """At most `count` clips of recordings that no strength was chosen on, several of a recording where it is long."""
    tuned = {place.path for place in _first_of_speakers(TUNED_SECONDS, 16_000)[:TUNED]}
    spoken = [
        place
        for row in _rows()
        if (CORPUS / row["path"]) not in tuned and int(row["sample_rate"]) >= RATES[0]
        for place in _windows(CORPUS / row["path"], row["path"], float(row["seconds"]), seconds)
    ]
    made = [
        place
        for number, path in enumerate(sorted(MADE.glob("*.flac"), key=lambda path: _drawn(path.name)))
        for place in _windows(
            path, path.name, soundfile.info(path).duration, seconds, rate=RATES[number % len(RATES)], by_engine=True
        )
    ]
    ordered = sorted(made, key=_order)[: round(ENGINE_SHARE * count)]
    return sorted(ordered + sorted(spoken, key=_order)[: count - len(ordered)], key=_order)


def _first_of_speakers(seconds: float, rate: int) -> list[Place]:
    rows = [row for row in _rows() if float(row["seconds"]) >= seconds + LEAD + 0.1]
    chosen = {(row["source"], row["speaker"]): row for row in rows if int(row["sample_rate"]) >= rate}
    paths = sorted((row["path"] for row in chosen.values()), key=_drawn)
    return [Place(CORPUS / path, path, LEAD, seconds, rate, by_engine=False) for path in paths]


def _rows() -> list[dict[str, str]]:
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: _drawn(row["path"]))


def _windows(
    path: Path, name: str, duration: float, seconds: float, *, rate: int = RATES[0], by_engine: bool = False
) -> list[Place]:
    step = seconds if seconds <= APART else OVERLAPPING_STEP
    count = max(0, int((duration - LEAD - 0.1 - seconds) / step) + 1) if duration >= LEAD + 0.1 + seconds else 0
    return [Place(path, f"{name}#{number}", LEAD + number * step, seconds, rate, by_engine) for number in range(count)]


def _order(place: Place) -> tuple[int, bytes]:
    """First windows before second ones, so that few clips are of many recordings."""
    return int(place.name.rpartition("#")[2]), _drawn(place.name)


def _drawn(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
