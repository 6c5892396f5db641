"""Two made-up encoders with a calibration of their own, for tests in which no sound is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from safety import calibration
from safety.comparison import Embedding, VoiceEmbedding
from safety.ports import ModelIdentity

FIRST, SECOND = ModelIdentity("first-ear", "1" * 64), ModelIdentity("second-ear", "2" * 64)
WIDTHS = {FIRST: 192, SECOND: 256}
COEFFICIENTS = [-20.0, 30.0, 20.0, 2.0, -1.0, 0.0, 0.0, 0.0, 0.0]


def heard(
    likeness: float = 1.0,
    *,
    seconds: float = 4.0,
    bandwidth_hz: float = 8_000.0,
    models: tuple[ModelIdentity, ...] = (FIRST, SECOND),
) -> VoiceEmbedding:
    """A voice whose cosine to `heard()` is `likeness` by every encoder; at four seconds its ratio is 50 x that - 20."""
    parts = []
    for model in models:
        vector = np.zeros(WIDTHS[model], np.float32)
        vector[0], vector[1] = likeness, np.sqrt(1 - likeness**2)
        parts.append(Embedding(model, vector))
    return VoiceEmbedding(tuple(parts), seconds, bandwidth_hz)


@pytest.fixture
def measured_ears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[calibration.Calibration]:
    """Their calibration, as if it had been measured: match from 5, no match below 0."""
    content = {
        "form": calibration.FORM,
        "models": [{"name": model.name, "sha256": model.sha256} for model in (FIRST, SECOND)],
        "coefficients": COEFFICIENTS,
        "points": {
            name: {"match": 5.0, "no_match": 0.0, "source": {"made": "up"}}
            for name in (calibration.SPEECH, calibration.OUTPUT)
        },
        "cap": 12.0,
        "source": {"made": "up"},
    }
    (tmp_path / "ears.json").write_text(json.dumps(content))
    monkeypatch.setattr(calibration, "FOLDER", tmp_path)
    calibration._known.cache_clear()
    yield calibration.calibration_for((FIRST, SECOND))
    calibration._known.cache_clear()
