"""Listens to what an engine made before it gets our mark: a mark that is in it already is noted, or refused."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from synth_adapter.waveform import Waveform
from watermark import marking
from watermark.errors import AlreadyMarkedError


def look(sound: Waveform) -> list[dict[str, Any]]:
    """The marks that were found, to be kept with the clip; as a rule none.

    Raises:
        AlreadyMarkedError: it is the sound of one of our clips, or any mark at all where ALREADY_MARKED is `refuse`.
    """
    found = [reading for reading in marking.detect(sound) if reading.outcome == "marked"]
    for reading in found:
        clip_id = marking.clip_named(reading)
        if clip_id is not None:
            raise AlreadyMarkedError(f"The engine's output bears the mark of a clip that was made before ({clip_id}).")
        if settings.ALREADY_MARKED == "refuse":
            raise AlreadyMarkedError(f"The engine's output bears a mark of {reading.marker} already.")
    return [{"marker": reading.marker, "score": round(reading.score, 4)} for reading in found]
