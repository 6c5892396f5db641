"""The ports of the safety app: ears that embed and transcribe, eyes that read a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform


@dataclass(frozen=True)
class ModelIdentity:
    """Which model spoke: recorded with every decision it took part in."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Transcript:
    """What a transcriber heard."""

    text: str
    language: str
    language_probability: float


@dataclass(frozen=True)
class ScriptFinding:
    """A signal in a script, never a judgement: `rule` is a stable slug, `evidence` the words it saw."""

    rule: str
    severity: str
    explanation: str
    evidence: str


class SpeakerEncoder(Protocol):
    """Turns speech into a vector that is near for the same speaker."""

    model: ModelIdentity
    dimension: int

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        """An L2-normalised vector of shape (dimension,); raises `SpeechError` when there is too little sound."""


class Transcriber(Protocol):
    """Turns speech into words."""

    model: ModelIdentity

    def transcribe(self, waveform: Waveform, *, language: str) -> Transcript:
        """The words of `waveform`, heard as `language` (BCP 47), with the language it sounds most like."""


class ScriptScreen(Protocol):
    """Reads a script for signs of misuse."""

    model: ModelIdentity

    def screen(self, text: str, *, language: str) -> Sequence[ScriptFinding]:
        """Every finding, most severe first; an empty sequence means that nothing was noticed."""
