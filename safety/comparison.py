"""Compares two voices: a score, and what it means at a published operating point of the model that made both.

Operating points of CAM++ (this file's `POINTS`) were chosen on the speech corpus of the test suite, without the spoofs
and without the 8 kHz digits: 222 utterances of at least 2.5 s by 149 speakers (LibriSpeech, VCTK, LJSpeech, LibriTTS,
AISHELL-3). Genuine pairs: 236 of six LibriSpeech speakers, one session each, which is kind to the model; LJSpeech's 276
pairs all score above 0.83 and are left out of the rates.

- Whole utterance against whole utterance: genuine from 0.58 (mean 0.79). Impostors, 24,019 pairs: mean 0.06; 4 reach
  0.55 (0.02 %), of which two score 0.85 and 0.86 and may be one reader under two names; 191 reach 0.35 (0.8 %).
  Match from 0.55: no genuine pair missed of 236. No match below 0.35.
- First two seconds against a whole utterance: genuine from 0.47 (mean 0.68), 472 pairs; impostors, 48,038 pairs: 10
  reach 0.50 (0.02 %), 689 reach 0.30 (1.4 %). Match from 0.50 misses 5 of 472 genuine (1.1 %); none falls below 0.30.

Six speakers and clean, read speech: sessions months apart, telephones and rooms will score lower. The band between the
two thresholds is there for them, and means that a person must look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from safety.errors import ComparisonError
from safety.ports import ModelIdentity, SpeakerEncoder
from synth_adapter.waveform import Waveform

Outcome = Literal["match", "inconclusive", "no_match"]
ProbeLength = Literal["whole", "short"]

SHORT_PROBE_SECONDS = 2.0
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Embedding:
    """A voice as a unit vector, together with the model that alone can read it."""

    model: ModelIdentity
    vector: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.vector.ndim != 1 or not abs(float(np.linalg.norm(self.vector)) - 1) < UNIT_TOLERANCE:
            raise ComparisonError("An embedding is one L2-normalised vector; ask a SpeakerEncoder for it.")


@dataclass(frozen=True)
class OperatingPoint:
    """From `match` upwards two voices are one speaker's, below `no_match` they are not; `source` says who measured."""

    model: ModelIdentity
    match: float
    no_match: float
    source: str


@dataclass(frozen=True)
class Comparison:
    """A comparison score (cosine, -1 to 1) and its outcome at `point`."""

    score: float
    outcome: Outcome
    point: OperatingPoint


CAMPPLUS = ModelIdentity("campplus", "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199")
POINTS: Mapping[tuple[ModelIdentity, ProbeLength], OperatingPoint] = {
    (CAMPPLUS, "whole"): OperatingPoint(CAMPPLUS, 0.55, 0.35, "vivavoce corpus: 236 genuine, 24,019 impostor pairs"),
    (CAMPPLUS, "short"): OperatingPoint(CAMPPLUS, 0.50, 0.30, "vivavoce corpus: 472 genuine, 48,038 impostor pairs"),
}


def operating_point(model: ModelIdentity, *, probe: ProbeLength) -> OperatingPoint:
    """The published point of exactly these weights; raises `ComparisonError` where nobody has measured one."""
    point = POINTS.get((model, probe))
    if point is None:
        raise ComparisonError(
            f"No operating point is known for {model.name} ({model.sha256[:12]}…); measure one first."
        )
    return point


def embed(waveform: Waveform, *, encoder: SpeakerEncoder) -> Embedding:
    """The voice in `waveform`, bound to the model that heard it."""
    return Embedding(encoder.model, encoder.embed(waveform))


def compare(probe: Embedding, reference: Embedding, *, point: OperatingPoint) -> Comparison:
    """Whether `probe` and `reference` are one speaker; raises `ComparisonError` across models or weights."""
    if not probe.model == reference.model == point.model:
        names = ", ".join(f"{m.name} ({m.sha256[:12]}…)" for m in (probe.model, reference.model, point.model))
        raise ComparisonError(f"Probe, reference and operating point must come from one model, got {names}.")
    if probe.vector.shape != reference.vector.shape:
        raise ComparisonError(f"Embeddings differ in length: {len(probe.vector)} and {len(reference.vector)}.")
    score = float(probe.vector @ reference.vector)
    return Comparison(score=score, outcome=_outcome(score, point), point=point)


def _outcome(score: float, point: OperatingPoint) -> Outcome:
    if score >= point.match:
        return "match"
    return "no_match" if score < point.no_match else "inconclusive"
