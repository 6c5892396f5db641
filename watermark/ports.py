"""The port of the watermark app: embed a mark, read it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from synth_adapter.waveform import Waveform


@dataclass(frozen=True)
class MarkerIdentity:
    """Which marker and which weights: recorded with every clip."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Reading:
    """What a marker read: score against threshold, and the payload bits it carries (empty for presence-only)."""

    marker: str
    outcome: Literal["marked", "not_marked", "inconclusive"]
    score: float
    threshold: float
    payload: bytes


class Watermarker(Protocol):
    """Marks sound and finds its own mark; both raise `MarkError` when they cannot do their work."""

    identity: MarkerIdentity
    capacity_bits: int

    def embed(self, waveform: Waveform, *, payload: bytes) -> Waveform:
        """The same sound, marked; length and rate are exactly those of the input."""

    def detect(self, waveform: Waveform) -> Reading:
        """Read the mark, if there is one."""
