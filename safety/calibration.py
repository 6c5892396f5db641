"""From comparison scores to a log-likelihood ratio: how much more likely one speaker is than two.

A linear logistic regression (Brümmer and du Preez 2006) over the scores of all encoders, the length of the shorter
recording and how narrow its band is, each also as it changes what a score is worth. The coefficients and the operating
points are a file of figures with its own hash, measured for exactly the models that it names.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from safety.errors import ComparisonError
from safety.ports import ModelIdentity

Outcome = Literal["match", "inconclusive", "no_match"]
FOLDER = Path(__file__).with_name("calibrations")
SHORTEST_SECONDS, LONGEST_SECONDS, MIDDLE_SECONDS = 0.5, 6.0, 4.0
"""The corpus has too few longer trials to say what more than six seconds are worth."""
WIDE_BAND_HZ, NARROW_BAND_HZ = 7_000.0, 2_850.0
"""From wide to a telephone's, as `synth_adapter.band` counts; between them octaves tell how narrow, 8 kHz is 0.63."""
FORM = 2
"""Of `features`, which coefficients are made for; in the first one a telephone and 8 kHz were alike."""
SPEECH = "speech"
"""The operating point for people's recordings."""
OUTPUT = "output"
"""For what an engine said in a speaker's voice, which is less like them than they are."""
PREPARED = "prepared"
"""For the mean of what it said on trial, before anybody may use the voice."""


@dataclass(frozen=True)
class OperatingPoint:
    """Natural log-likelihood ratios: from `match` upwards one speaker, below `no_match` two; a person listens between.

    `source` says on which trials they were chosen, and which error rates they had there.
    """

    match: float
    no_match: float
    source: Mapping[str, Any]

    def outcome(self, llr: float) -> Outcome:
        if llr >= self.match:
            return "match"
        return "no_match" if llr < self.no_match else "inconclusive"


@dataclass(frozen=True)
class Calibration:
    """Coefficients for one set of models, and the operating points that were measured with them.

    `cap` bounds every ratio by what the trials behind it can support (after Morrison and Poh 2018); `id` is the
    SHA-256 of the file, which every decision keeps.
    """

    id: str
    models: tuple[ModelIdentity, ...]
    coefficients: tuple[float, ...]
    points: Mapping[str, OperatingPoint]
    cap: float
    source: Mapping[str, Any]

    def llr(self, scores: Sequence[float], *, seconds: float, bandwidth_hz: float) -> float:
        """The ratio for cosines in the order of `models`; net speech of the shorter, bandwidth of the narrower side."""
        values = features(scores, seconds=seconds, bandwidth_hz=bandwidth_hz)
        ratio = math.fsum(weight * value for weight, value in zip(self.coefficients, values, strict=True))
        return max(-self.cap, min(self.cap, ratio))

    def point(self, name: str) -> OperatingPoint:
        """An operating point by its name; raises `ComparisonError` where nobody has measured it."""
        found = self.points.get(name)
        if found is None:
            raise ComparisonError(f"No operating point {name!r} was measured, only: {', '.join(self.points)}.")
        return found


def features(scores: Sequence[float], *, seconds: float, bandwidth_hz: float) -> list[float]:
    """1, every score, length, narrowness, and every score times length and times narrowness."""
    length = math.log(min(LONGEST_SECONDS, max(SHORTEST_SECONDS, seconds)) / MIDDLE_SECONDS)
    width = min(WIDE_BAND_HZ, max(NARROW_BAND_HZ, bandwidth_hz))
    narrow = math.log(WIDE_BAND_HZ / width) / math.log(WIDE_BAND_HZ / NARROW_BAND_HZ)
    crossed = [score * condition for condition in (length, narrow) for score in scores]
    return [1.0, *scores, length, narrow, *crossed]


def calibration_for(models: Sequence[ModelIdentity]) -> Calibration:
    """The calibration of exactly these weights; raises `ComparisonError` where nobody has measured one."""
    for known in _known():
        if set(known.models) == set(models):
            return known
    names = ", ".join(f"{model.name} ({model.sha256[:12]}…)" for model in models)
    raise ComparisonError(f"No calibration is known for {names}: measure one with `make calibrate`.")


@cache
def _known() -> tuple[Calibration, ...]:
    return tuple(read(path) for path in sorted(FOLDER.glob("*.json")))


def read(path: Path) -> Calibration:
    """A calibration from its file; its identifier is the SHA-256 of the file's bytes."""
    raw = path.read_bytes()
    content = json.loads(raw)
    models = tuple(ModelIdentity(**model) for model in content["models"])
    points = {name: OperatingPoint(**point) for name, point in content["points"].items()}
    expected = len(features([0.0] * len(models), seconds=1.0, bandwidth_hz=WIDE_BAND_HZ))
    ordered = all(-content["cap"] <= p.no_match < p.match <= content["cap"] for p in points.values())
    ours = content.get("form") == FORM and len(content["coefficients"]) == expected
    if not ours or SPEECH not in points or not ordered:
        raise ComparisonError(f"{path.name} is no calibration: make it anew with `make calibrate`.")
    return Calibration(
        id=hashlib.sha256(raw).hexdigest(),
        models=models,
        coefficients=tuple(content["coefficients"]),
        points=points,
        cap=content["cap"],
        source=content["source"],
    )
