"""The port through which speech engines are reached: prepare a voice, speak with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from synth_adapter.waveform import Waveform


@dataclass(frozen=True)
class TranscribedSample:
    """A speaker's sample together with the words in it, so that engines need no ears of their own."""

    waveform: Waveform
    transcript: str


@dataclass(frozen=True)
class EngineRelease:
    """Which engine speaks, with the SHA-256 of every model in it."""

    name: str
    version: str
    models: Mapping[str, str]
    sample_rate: int
    watermarks_natively: bool
    languages: frozenset[str]


class SpeechEngine(Protocol):
    """Makes speech in a prepared voice; both methods raise `EngineError`."""

    release: EngineRelease

    def prepare(self, samples: Sequence[TranscribedSample]) -> bytes:
        """Learn a voice; the returned artefact is biometric data and is sealed by the caller."""

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Waveform:
        """Speak `text` (language as BCP 47, such as `en`) with an artefact that `prepare` made."""
