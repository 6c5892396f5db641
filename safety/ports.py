"""The ports of the safety app: ears that embed and transcribe, eyes that read a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

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

    def words(self, waveform: Waveform, *, language: str) -> str:
        """The very words of `transcribe`, without the language, which costs as much again to tell."""


@dataclass(frozen=True)
class SpeechRating:
    """How listeners would rate speech, its background and the whole: 1 (bad) to 5 (excellent), after ITU-T P.835."""

    signal: float
    background: float
    overall: float


class QualityJudge(Protocol):
    """Rates how speech sounds without knowing how it should sound."""

    model: ModelIdentity

    def rate(self, waveform: Waveform) -> SpeechRating:
        """The ratings of `waveform`; raises `SpeechError` where there is too little sound."""


class ScriptScreen(Protocol):
    """Reads a script for signs of misuse."""

    model: ModelIdentity

    def screen(self, text: str, *, language: str) -> Sequence[ScriptFinding]:
        """Every finding, most severe first; an empty sequence means that nothing was noticed."""


@dataclass(frozen=True)
class Sign:
    """Something a microphone does not do: `kind` is a stable slug, `measured` its figures with their units."""

    kind: str
    explanation: str
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SpoofFinding:
    """Whether a living voice was heard: `llr` (natural logarithm) speaks for a machine above 0, for a person below.

    `windows` says to how many stretches was listened; with none the outcome is inconclusive.
    """

    llr: float
    outcome: Literal["bona_fide", "inconclusive", "spoofed"]
    windows: int
    signs: tuple[Sign, ...]
    calibration_id: str

    def as_json(self) -> dict[str, Any]:
        """The form in which findings are stored with the decision."""
        return {
            "llr": round(self.llr, 3),
            "outcome": self.outcome,
            "windows": self.windows,
            "signs": [asdict(sign) | {"measured": dict(sign.measured)} for sign in self.signs],
            "calibration_id": self.calibration_id,
        }


class SpoofDetector(Protocol):
    """Tells a living voice before a microphone from speech that was made or played back."""

    model: ModelIdentity

    def listen(self, waveform: Waveform) -> SpoofFinding:
        """What is to be thought of one recording; never raises for too little sound, which is inconclusive."""

    def pooled(self, findings: Sequence[SpoofFinding]) -> SpoofFinding:
        """What several recordings of one voice say together."""
