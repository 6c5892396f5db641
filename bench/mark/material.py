"""Clips to mark: one of each speaker of the corpus, natural and made, in an order drawn once."""

from __future__ import annotations

import csv
import hashlib

import soundfile

from bench.speakers.embeddings import CORPUS
from synth_adapter.waveform import Waveform

LEAD = 0.3
"""Seconds left out at the beginning, often silent."""


def clips(count: int, *, seconds: float, rate: int = 16_000) -> list[tuple[str, Waveform]]:
    """At most `count` names and clips of exactly so many seconds, of speakers all different within a source."""
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["seconds"]) >= seconds + LEAD + 0.1]
    rows.sort(key=lambda row: hashlib.sha256(row["path"].encode()).digest())
    chosen = {(row["source"], row["speaker"]): row for row in rows if int(row["sample_rate"]) >= rate}
    found = []
    for row in sorted(chosen.values(), key=lambda row: hashlib.sha256(row["path"].encode()).digest())[:count]:
        samples, source = soundfile.read(CORPUS / row["path"], dtype="float32")
        found.append((row["path"], Waveform(samples, source).resampled(rate).cut(LEAD, LEAD + seconds)))
    return found
