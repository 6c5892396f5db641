"""The ears that settings choose, one instance per process, and which models they are."""

from __future__ import annotations

import functools
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from safety.calibration import Calibration, calibration_for
from safety.errors import ComparisonError
from safety.ports import ModelIdentity, QualityJudge, ScriptScreen, SpeakerEncoder, SpoofDetector, Transcriber


@functools.cache
def speaker_encoders() -> tuple[SpeakerEncoder, ...]:
    """Every encoder of SPEAKER_ENCODERS; raises `WeightsError` without the pinned weights of any."""
    if not settings.SPEAKER_ENCODERS:
        raise ComparisonError("SPEAKER_ENCODERS is empty, and nobody else can tell voices apart; name at least one.")
    return tuple(cast("SpeakerEncoder", import_string(path)()) for path in settings.SPEAKER_ENCODERS)


def speaker_encoder() -> SpeakerEncoder:
    """The first encoder, with which long lists are searched."""
    return speaker_encoders()[0]


def speaker_models() -> tuple[ModelIdentity, ...]:
    """The encoders' identities, in their order."""
    return tuple(encoder.model for encoder in speaker_encoders())


def calibration() -> Calibration:
    """What the encoders' scores mean together; raises `ComparisonError` where nobody has measured these weights."""
    return calibration_for(speaker_models())


@functools.cache
def transcriber() -> Transcriber:
    """The transcriber of TRANSCRIBER; raises `WeightsError` when its weights are missing or not the pinned ones."""
    return cast("Transcriber", import_string(settings.TRANSCRIBER)())


@functools.cache
def quality_judge() -> QualityJudge:
    """The judge of QUALITY_JUDGE; raises `WeightsError` when its weights are missing or not the pinned ones."""
    return cast("QualityJudge", import_string(settings.QUALITY_JUDGE)())


@functools.cache
def script_screen() -> ScriptScreen:
    """The screen of SCRIPT_SCREEN."""
    return cast("ScriptScreen", import_string(settings.SCRIPT_SCREEN)())


@functools.cache
def spoof_detector() -> SpoofDetector:
    """The detector of SPOOF_DETECTOR; raises `WeightsError` when its weights are missing or not the pinned ones."""
    return cast("SpoofDetector", import_string(settings.SPOOF_DETECTOR)())


def identities(*, living: bool = False) -> dict[str, str]:
    """Name and SHA-256 of every model that listened, for the record of a decision; `living` where the detector did."""
    models = (*speaker_models(), transcriber().model, *([spoof_detector().model] if living else []))
    return {model.name: model.sha256 for model in models}
