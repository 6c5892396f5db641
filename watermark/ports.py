"""The port of the watermark app: embed a clip's mark, read that very mark back, hear anybody's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from synth_adapter.waveform import Waveform


@dataclass(frozen=True)
class MarkerIdentity:
    """Which marker and which weights, or which definition: recorded with every clip."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Reading:
    """What a marker read: score against threshold, and what it carries (empty for presence only)."""

    marker: str
    outcome: Literal["marked", "not_marked", "inconclusive"]
    score: float
    threshold: float
    payload: bytes


@dataclass(frozen=True, repr=False)
class ClipMark:
    """Everything that a mark is made from.

    Attributes:
        clip_id: Which clip.
        epoch: Of both secrets.
        pilot_secret: The platform's, 32 bytes: by it a mark is found, and nothing is proved.
        clip_secret: The organisation's, 32 bytes: by it the clip's own code is derived.
        content: 32-byte digest of the fingerprint of what is said; it enters the code.
    """

    clip_id: UUID
    epoch: int
    pilot_secret: bytes
    clip_secret: bytes
    content: bytes


class Watermarker(Protocol):
    """Marks sound and finds its own mark; `embed` raises `MarkError` where it cannot do its work."""

    identity: MarkerIdentity
    capacity_bits: int

    def embed(self, waveform: Waveform, *, mark: ClipMark) -> Waveform:
        """The same sound, marked; length and rate are exactly those of the input."""

    def verify(self, waveform: Waveform, *, mark: ClipMark) -> Reading:
        """Whether this very clip's mark is in the sound; another clip's is `not_marked`, with its payload."""

    def detect(self, waveform: Waveform) -> Reading:
        """Whether anybody's mark is in the sound."""
