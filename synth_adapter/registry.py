"""The speech engine that settings choose, one instance per process; only the queue's own modules may ask for it."""

from __future__ import annotations

import functools
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from synth_adapter.ports import SpeechEngine


@functools.cache
def engine() -> SpeechEngine:
    """The engine of SPEECH_ENGINE; raises `WeightsError` or `EngineError` when it cannot work."""
    return cast("SpeechEngine", import_string(settings.SPEECH_ENGINE)())
