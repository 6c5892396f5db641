"""Embeddings of the corpus by both encoders under every condition and length; computed once, kept in the cache.

A recording by a speaker who has no other is parted in two: its first half is compared with its second.
"""

from __future__ import annotations

import csv
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from bench.speakers.conditions import CONDITIONS, LENGTHS, RATE
from safety.errors import SpeechError
from safety.ports import SpeakerEncoder
from safety.speech import net_speech_seconds
from synth_adapter.band import speech_band_hz
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = Path(os.environ.get("VIVAVOCE_CORPUS", ROOT.parent / "shared" / "corpus"))
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vivavoce" / "evaluation"
LEAST_HALF_SECONDS = 3.0
FORMAT, BAND_FORMAT = 1, 2


@dataclass(frozen=True)
class Take:
    """One recording, or one half of it: who speaks, from which source, and where it lies."""

    name: str
    speaker: str
    source: str
    label: str
    path: Path
    start: float
    end: float


@dataclass(frozen=True)
class Embedded:
    """One take as one encoder heard it under one condition; seconds are net speech, NaN vectors could not be made."""

    take: Take
    condition: str
    seconds: float
    net_seconds: float
    vector: NDArray[np.float32]


def takes(*, labels: str = "bonafide") -> list[Take]:
    """Every recording of the corpus with this label; single recordings in halves."""
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"].startswith(labels)]
    alone = {row["speaker"] for row in rows if sum(other["speaker"] == row["speaker"] for other in rows) == 1}
    found = []
    for row in rows:
        name, seconds = row["path"], float(row["seconds"])
        parts = [(name, 0.0, seconds)]
        if row["speaker"] in alone and seconds >= 2 * LEAST_HALF_SECONDS:
            parts = [(f"{name}#1", 0.0, seconds / 2), (f"{name}#2", seconds / 2, seconds)]
        found += [
            Take(part, row["speaker"], row["source"], row["label"], CORPUS / name, start, end)
            for part, start, end in parts
        ]
    return found


def embed_all(encoder: SpeakerEncoder, *, labels: str = "bonafide") -> list[Embedded]:
    """Every take under every condition in full, and clean at every length that it has."""
    wanted = takes(labels=labels)
    key = hashlib.sha256(f"{FORMAT}{encoder.model}{[(t.name, t.start, t.end) for t in wanted]}".encode()).hexdigest()
    kept = CACHE / f"{encoder.model.name}-{labels.replace('/', '-')}-{key[:16]}.npz"
    if not kept.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        rows = [
            _one(encoder, take, condition, sound)
            for take in track(wanted, description=encoder.model.name)
            for condition, sound in heard(take)
        ]
        np.savez(
            kept,
            vectors=np.stack([row.vector for row in rows]),
            names=np.array([row.take.name for row in rows]),
            conditions=np.array([row.condition for row in rows]),
            seconds=np.array([(row.seconds, row.net_seconds) for row in rows]),
        )
    by_name = {take.name: take for take in wanted}
    content = np.load(kept)
    return [
        Embedded(by_name[str(name)], str(condition), float(seconds[0]), float(seconds[1]), vector)
        for name, condition, seconds, vector in zip(
            content["names"], content["conditions"], content["seconds"], content["vectors"], strict=True
        )
    ]


def heard(take: Take) -> list[tuple[str, Waveform]]:
    """A take under every condition in full, and clean at every length that it has, at 16 kHz where it has as much."""
    sound = decode(take.path.read_bytes()).waveform.cut(take.start, take.end)
    sound = sound if sound.rate < RATE else sound.resampled(RATE)
    seed = int.from_bytes(hashlib.sha256(take.name.encode()).digest()[:4], "big")
    spoilt = [(name, spoil(sound, seed)) for name, spoil in CONDITIONS.items()]
    return spoilt + [(f"{seconds:g}-s", sound.cut(0.0, seconds)) for seconds in LENGTHS if sound.seconds > seconds]


def bandwidths(*, labels: str = "bonafide") -> dict[tuple[str, str], float]:
    """How wide a band every take fills under every condition, in hertz as a comparison counts it."""
    wanted = takes(labels=labels)
    key = hashlib.sha256(f"{BAND_FORMAT}{[(t.name, t.start, t.end) for t in wanted]}".encode()).hexdigest()
    kept = CACHE / f"bandwidth-{labels}-{key[:16]}.npz"
    if not kept.is_file():
        found = [
            (take.name, condition, speech_band_hz(sound))
            for take in track(wanted, description="bandwidth")
            for condition, sound in heard(take)
        ]
        names, conditions, hertz = zip(*found, strict=True)
        np.savez(kept, names=np.array(names), conditions=np.array(conditions), hertz=np.array(hertz))
    content = np.load(kept)
    keys = zip(content["names"], content["conditions"], strict=True)
    return {(str(n), str(c)): float(hz) for (n, c), hz in zip(keys, content["hertz"], strict=True)}


def _one(encoder: SpeakerEncoder, take: Take, condition: str, waveform: Waveform) -> Embedded:
    try:
        vector = encoder.embed(waveform)
    except SpeechError:
        vector = np.full(encoder.dimension, np.nan, np.float32)
    return Embedded(take, condition, waveform.seconds, net_speech_seconds(waveform), vector)
