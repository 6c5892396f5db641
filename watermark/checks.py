"""System checks of the marks: what is lost without the keyed one, and whether AudioSeal has the device it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name

from watermark.registry import KEYED, names_clips

AUDIOSEAL = "watermark.backends.audioseal.AudioSeal"


@register(Tags.compatibility)
def check_keyed_mark(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """Without the keyed mark no clip can be named, and nobody should find that out in court."""
    if names_clips():
        return []
    text = (
        "WATERMARKERS leaves out the keyed mark. Clips made now are not on the register: no examination will name "
        "them, their manifests have no soft binding, and none is found again once it was stripped from a file."
    )
    return [Warning(text, hint=f"Add {KEYED} to WATERMARKERS.", id="watermark.W001")]


@register(Tags.compatibility)
def check_audioseal(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """AudioSeal, where it is used, finds the device that was named."""
    if settings.AUDIOSEAL_DEVICE == "cpu" or AUDIOSEAL not in (*settings.WATERMARKERS, *settings.OTHER_MARKERS):
        return []
    from torch import cuda  # noqa: PLC0415 - takes seconds, and only those who asked for a device wait for it

    if cuda.is_available():
        return []
    hint = "Set AUDIOSEAL_DEVICE to cpu, or install a CUDA build of PyTorch where there is such a device."
    return [Error("AUDIOSEAL_DEVICE is cuda, and PyTorch finds no CUDA device.", hint=hint, id="watermark.E001")]
