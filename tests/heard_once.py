"""What a model hears in a sound is kept for the session: tests that offer the same speech do not listen anew each time.

The models are real and each answer is theirs; only the second ask about the same samples is answered from memory. For
the rooms that use models: the tests of the models themselves listen every time.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from safety.backends.campplus import CamPlusPlus
from safety.backends.dnsmos import Dnsmos
from safety.backends.ge2e import Ge2e
from safety.backends.whisper import FasterWhisper
from safety.spoofing.detector import SpeechStatistics
from synth_adapter.waveform import Waveform

_METHODS: tuple[tuple[type, str], ...] = (
    (FasterWhisper, "transcribe"),
    (FasterWhisper, "_decode"),  # which `words` and `transcribe` share
    (CamPlusPlus, "embed"),
    (Ge2e, "embed"),
    (Dnsmos, "rate"),
    (SpeechStatistics, "listen"),
)
_answers: dict[tuple[object, ...], Any] = {}


@pytest.fixture(scope="module")
def heard_once() -> Iterator[None]:
    """For a module: the same sound is listened to once by each model."""
    with pytest.MonkeyPatch.context() as patch:
        for model, method in _METHODS:
            patch.setattr(model, method, _remembering(getattr(model, method)))
        yield


def _remembering(listen: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(listen)
    def heard(model: Any, *given: Any, **named: Any) -> Any:
        asked = (listen.__qualname__, model.model, *map(_told, given), *((name, named[name]) for name in sorted(named)))
        if asked not in _answers:
            _answers[asked] = listen(model, *given, **named)
        answer = _answers[asked]
        return answer.copy() if isinstance(answer, np.ndarray) else answer

    return heard


def _told(given: Any) -> object:
    """An argument by what it says: samples by their hash."""
    if isinstance(given, Waveform):
        return given.rate, hashlib.sha256(given.samples.tobytes()).digest()
    return hashlib.sha256(given.tobytes()).digest() if isinstance(given, np.ndarray) else given
