"""Compares two voices: a score by every encoder, one calibrated likelihood ratio of them all, and what that means.

Nothing here is tuned by hand. The ratio and the two thresholds between which a person must listen come from a
`safety.calibration.Calibration`, measured for exactly the models that heard the voices; `docs/accuracy.md` shows how
often it errs, and on whom nobody has tried it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.calibration import SPEECH, Calibration, Outcome
from safety.errors import ComparisonError
from safety.ports import ModelIdentity, SpeakerEncoder
from synth_adapter.waveform import Waveform

UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Embedding:
    """A voice as a unit vector, together with the model that alone can read it.

    `space` names the secret rotation that the vector has gone through (`safety.rotation`); empty means none.
    """

    model: ModelIdentity
    vector: NDArray[np.float32]
    space: str = ""

    def __post_init__(self) -> None:
        if self.vector.ndim != 1 or not abs(float(np.linalg.norm(self.vector)) - 1) < UNIT_TOLERANCE:
            raise ComparisonError("An embedding is one L2-normalised vector; ask a SpeakerEncoder for it.")


@dataclass(frozen=True, eq=False)
class VoiceEmbedding:
    """One voice as every encoder heard it, with what a comparison must know of the recording behind it.

    `seconds` is net speech, `bandwidth_hz` how wide a band it fills (`synth_adapter.band`): both limit what a score can
    say.
    """

    parts: tuple[Embedding, ...]
    seconds: float
    bandwidth_hz: float

    def __post_init__(self) -> None:
        if not self.parts or len({part.model for part in self.parts}) != len(self.parts):
            raise ComparisonError("A voice is heard by one or more encoders, by each of them once.")
        if not (self.seconds >= 0 and self.bandwidth_hz >= 0):
            raise ComparisonError("Say how many seconds of speech were heard, and how wide their band is.")

    @property
    def models(self) -> tuple[ModelIdentity, ...]:
        """The encoders that heard it, in their order."""
        return tuple(part.model for part in self.parts)

    def part(self, model: ModelIdentity) -> Embedding:
        """What exactly this model heard; raises `ComparisonError` where it was not among the listeners."""
        for part in self.parts:
            if part.model == model:
                return part
        raise ComparisonError(f"This voice was not heard by {_name(model)}; it was heard by {_names(self.models)}.")


@dataclass(frozen=True)
class Comparison:
    """What a comparison found: cosines by model name, their natural log-likelihood ratio, and the outcome at a point.

    `score` is the first encoder's cosine, which people read; decisions rest on `llr` alone.
    """

    scores: Mapping[str, float]
    llr: float
    outcome: Outcome
    seconds: float
    bandwidth_hz: float
    point: str
    match_from: float
    no_match_below: float
    calibration_id: str
    models: tuple[ModelIdentity, ...]

    @property
    def score(self) -> float:
        return next(iter(self.scores.values()))

    def figures(self) -> dict[str, float | str]:
        """What a reason shows a person: rounded, and without hashes."""
        return {
            "score": round(self.score, 3),
            "llr": round(self.llr, 2),
            "match_from": round(self.match_from, 2),
            "no_match_below": round(self.no_match_below, 2),
        }

    def as_json(self) -> dict[str, Any]:
        """Everything that is needed to judge this comparison again; kept wherever one decided something."""
        return {
            "scores": {name: round(score, 4) for name, score in self.scores.items()},
            "llr": round(self.llr, 3),
            "outcome": self.outcome,
            "seconds": round(self.seconds, 2),
            "bandwidth_hz": round(self.bandwidth_hz),
            "operating_point": self.point,
            "match_from": round(self.match_from, 3),
            "no_match_below": round(self.no_match_below, 3),
            "calibration": self.calibration_id,
            "models": {model.name: model.sha256 for model in self.models},
        }


def embed(waveform: Waveform, *, encoder: SpeakerEncoder) -> Embedding:
    """The voice in `waveform`, bound to the one model that heard it."""
    return Embedding(encoder.model, encoder.embed(waveform))


def mean_of(voices: Sequence[VoiceEmbedding], *, weights: Sequence[float] | None = None) -> VoiceEmbedding:
    """One voice from several recordings: the normalised weighted mean by each encoder, with all their seconds.

    Raises:
        ComparisonError: nothing to take a mean of, other encoders or rotations among them, or voices that cancel out.
    """
    if not voices or any(voice.models != voices[0].models for voice in voices):
        raise ComparisonError("A mean is taken of one or more voices, all heard by the same encoders in one order.")
    shares = np.ones(len(voices)) if weights is None else np.asarray(weights, dtype=np.float64)
    if shares.shape != (len(voices),) or not (shares >= 0).all() or shares.sum() == 0:
        raise ComparisonError("Give every voice a weight of at least 0, and one of them more.")
    heard = [[voice.parts[index] for voice in voices] for index in range(len(voices[0].parts))]
    return VoiceEmbedding(
        parts=tuple(_mean(embeddings, shares) for embeddings in heard),
        seconds=sum(voice.seconds for voice in voices),
        bandwidth_hz=float(np.average([voice.bandwidth_hz for voice in voices], weights=shares)),
    )


def _mean(embeddings: Sequence[Embedding], shares: NDArray[np.float64]) -> Embedding:
    if len({embedding.space for embedding in embeddings}) != 1:
        raise ComparisonError("These voices are not rotated alike: rotate them all, or none (safety.rotation).")
    mean = shares @ np.stack([embedding.vector for embedding in embeddings])
    length = float(np.linalg.norm(mean))
    if length < UNIT_TOLERANCE * shares.sum():
        raise ComparisonError("These voices cancel out: they have no mean.")
    return Embedding(embeddings[0].model, np.asarray(mean / length, dtype=np.float32), embeddings[0].space)


def compare(
    probe: VoiceEmbedding, reference: VoiceEmbedding, *, calibration: Calibration, point: str = SPEECH
) -> Comparison:
    """Whether `probe` and `reference` are one speaker's, at an operating point of the calibration.

    Raises:
        ComparisonError: another set of models or weights on any side, rotations that differ, or an unknown point.
    """
    models = calibration.models
    if not set(probe.models) == set(reference.models) == set(models):
        raise ComparisonError(
            "Probe, reference and calibration must come from the same models, got "
            f"{_names(probe.models)}; {_names(reference.models)}; {_names(models)}."
        )
    scores = [_score(probe.part(model), reference.part(model)) for model in models]
    seconds, bandwidth = min(probe.seconds, reference.seconds), min(probe.bandwidth_hz, reference.bandwidth_hz)
    llr = calibration.llr(scores, seconds=seconds, bandwidth_hz=bandwidth)
    limits = calibration.point(point)
    return Comparison(
        scores={model.name: score for model, score in zip(models, scores, strict=True)},
        llr=llr,
        outcome=limits.outcome(llr),
        seconds=seconds,
        bandwidth_hz=bandwidth,
        point=point,
        match_from=limits.match,
        no_match_below=limits.no_match,
        calibration_id=calibration.id,
        models=models,
    )


def _score(probe: Embedding, reference: Embedding) -> float:
    if probe.space != reference.space:
        raise ComparisonError("Probe and reference are not rotated alike: rotate the probe (safety.rotation.alike).")
    if probe.vector.shape != reference.vector.shape:
        raise ComparisonError(f"Embeddings differ in length: {len(probe.vector)} and {len(reference.vector)}.")
    return float(probe.vector @ reference.vector)


def _names(models: Sequence[ModelIdentity]) -> str:
    return ", ".join(map(_name, models)) or "none"


def _name(model: ModelIdentity) -> str:
    return f"{model.name} ({model.sha256[:12]}…)"
