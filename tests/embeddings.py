"""Voices made of numbers: as the shipped encoders would hear them, at any score from one another."""

from __future__ import annotations

import numpy as np

from safety.calibration import FOLDER, read
from safety.comparison import Embedding, VoiceEmbedding
from safety.ports import ModelIdentity

CALIBRATION = read(FOLDER / "campplus-ge2e.json")
MODELS = CALIBRATION.models
DIMENSIONS = {"campplus": 192, "ge2e": 256}
WIDE_BAND_HZ = 8_000.0


def embedding_at(score: float, *, model: ModelIdentity = MODELS[0]) -> Embedding:
    """What one model would hear of a voice whose cosine to the voice at 1 is `score`."""
    vector = np.zeros(DIMENSIONS[model.name], np.float32)
    vector[0], vector[1] = score, np.sqrt(1 - score**2)
    return Embedding(model, vector)


def voice_at(score: float, *, seconds: float = 10.0, bandwidth_hz: float = WIDE_BAND_HZ) -> VoiceEmbedding:
    """What all would hear of it; GE2E finds everybody more alike, half-way up from 0.5."""
    parts = (embedding_at(score, model=MODELS[0]), embedding_at((1 + score) / 2, model=MODELS[1]))
    return VoiceEmbedding(parts, seconds, bandwidth_hz)


def random_voice(number: int, *, seconds: float = 10.0) -> VoiceEmbedding:
    """One of many voices that are as good as orthogonal."""
    parts = []
    for model in MODELS:
        vector = np.random.default_rng(number).normal(size=DIMENSIONS[model.name])
        parts.append(Embedding(model, np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)))
    return VoiceEmbedding(tuple(parts), seconds, WIDE_BAND_HZ)
