"""The ears that settings choose, one instance per process, and which models they are."""

from __future__ import annotations

import functools
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from safety.ports import ScriptScreen, SpeakerEncoder, Transcriber


@functools.cache
def speaker_encoder() -> SpeakerEncoder:
    """The encoder of SPEAKER_ENCODER; raises `WeightsError` when its weights are missing or not the pinned ones."""
    return cast("SpeakerEncoder", import_string(settings.SPEAKER_ENCODER)())


@functools.cache
def transcriber() -> Transcriber:
    """The transcriber of TRANSCRIBER; raises `WeightsError` when its weights are missing or not the pinned ones."""
    return cast("Transcriber", import_string(settings.TRANSCRIBER)())


@functools.cache
def script_screen() -> ScriptScreen:
    """The screen of SCRIPT_SCREEN."""
    return cast("ScriptScreen", import_string(settings.SCRIPT_SCREEN)())


def identities() -> dict[str, str]:
    """Name and SHA-256 of every model that listens, for the record of a decision."""
    models = (speaker_encoder().model, transcriber().model)
    return {model.name: model.sha256 for model in models}
