"""Which stock voice is nearest to a speaker: by pitch and by the average spectrum of voiced sound."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synth_adapter.adaptation.analysis import Floats, Speech
from synth_adapter.errors import EngineError

PROBE = "A large fawn jumped quickly over white zinc boxes, while the young chef measured five cups of dark sugar."
PROFILES = Path(__file__).with_name("stock_profiles.json")
_SHAPE = slice(1, 20)  # level and the finest detail left out
_PITCH_WEIGHT = 4.0  # an octave is as far as a wholly different spectrum


@dataclass(frozen=True, eq=False)
class Profile:
    """Mean log pitch and mean cepstra (19,) of voiced speech."""

    pitch: float
    shape: Floats


def profile(speeches: Sequence[Speech]) -> Profile:
    """The profile of a voice; raises `EngineError` when there is no voiced sound."""
    voiced = [speech.audible & (speech.pitch > 0) for speech in speeches]
    if not any(frames.any() for frames in voiced):
        raise EngineError("There is no voiced speech in the samples; record them again.", permanent=True)
    pitch = np.concatenate([speech.pitch[frames] for speech, frames in zip(speeches, voiced, strict=True)])
    shape = np.concatenate([speech.cepstra[frames, _SHAPE] for speech, frames in zip(speeches, voiced, strict=True)])
    return Profile(float(np.log(pitch).mean()), shape.mean(axis=0))


def stock_profiles() -> dict[str, Profile]:
    """Profiles of the stock voices, each measured once on `PROBE`."""
    kept = json.loads(PROFILES.read_text(encoding="utf-8"))
    return {name: Profile(value["pitch"], np.array(value["shape"])) for name, value in kept.items()}


def nearest(speaker: Profile, *, profiles: Mapping[str, Profile], excluded: Collection[str]) -> str:
    """The name of the stock voice that needs to be changed least."""
    candidates = {name: kept for name, kept in profiles.items() if name not in excluded}
    if not candidates:
        raise EngineError("Every stock voice is excluded; allow at least one.", permanent=True)
    return min(sorted(candidates), key=lambda name: _distance(speaker, candidates[name]))


def _distance(left: Profile, right: Profile) -> float:
    return _PITCH_WEIGHT * abs(left.pitch - right.pitch) + float(np.linalg.norm(left.shape - right.shape))
