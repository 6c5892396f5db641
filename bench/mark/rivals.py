"""Other marks under the same attacks: Perth as this project ships it, AWARE 2.0.1 where it is installed."""

from __future__ import annotations

import functools
import hashlib
import time
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from bench.mark import borrowed
from synth_adapter.waveform import Waveform
from watermark.backends.perth import Perth
from watermark.ports import ClipMark

AWARE_RATE, AWARE_BITS = 16_000, 20
NOBODYS = ClipMark(clip_id=UUID(int=0), epoch=0, pilot_secret=b"", clip_secret=b"", content=b"")
"""Of no clip: Perth takes nothing from it."""


class PerthSystem:
    """Presence only: it cannot name anybody."""

    name = "perth"

    def __init__(self) -> None:
        self.marker = Perth()
        self.revision = self.marker.identity.sha256[:12]

    def mark(self, clip: Waveform, name: str) -> Waveform:
        """The clip, marked; the name is not in it."""
        del name
        return self.marker.embed(clip, mark=NOBODYS)

    def examine(self, sound: Waveform, name: str) -> dict[str, Any]:
        """Score, and whether it is found at the shipped threshold."""
        del name
        started = time.process_time()
        reading = self.marker.detect(sound)
        return {
            "score": round(reading.score, 3),
            "found": reading.outcome == "marked",
            "seconds": round(sound.seconds, 2),
            "spent": round(time.process_time() - started, 3),
        }


class AwareSystem:
    """Twenty bits by optimisation against a fixed random network (arXiv 2510.17512)."""

    name = "aware"
    revision = "2.0.1"

    def __init__(self) -> None:
        self.embedder, self.detector = borrowed.module("aware.utils.models.load_model").load("AWARE")
        self.service = borrowed.module("aware.service")

    def mark(self, clip: Waveform, name: str) -> Waveform:
        """At 16 kHz, the rate it takes; its output is some samples shorter."""
        marked = self.service.embed_watermark(clip.resampled(AWARE_RATE).samples, AWARE_RATE, bits(name), self.embedder)
        return Waveform(np.asarray(marked, dtype=np.float32), AWARE_RATE)

    def examine(self, sound: Waveform, name: str) -> dict[str, Any]:
        """Bits read rightly, and the chance of as many by accident; exact where all are right."""
        started = time.process_time()
        read, confidence = self.service.detect_watermark(sound.resampled(AWARE_RATE).samples, AWARE_RATE, self.detector)
        spent = time.process_time() - started
        right = int(np.sum(np.asarray(read) == bits(name)))
        return {
            "bits": right,
            "log10_p": round(float(binom.logsf(right - 1, AWARE_BITS, 0.5) / np.log(10)), 2),
            "confidence": round(float(confidence), 3),
            "seconds": round(sound.seconds, 2),
            "spent": round(spent, 3),
        }


@functools.cache
def bits(name: str) -> NDArray[np.int64]:
    """The twenty bits that stand for a name."""
    drawn = np.frombuffer(hashlib.sha256(name.encode()).digest()[:3], np.uint8)
    return np.unpackbits(drawn)[:AWARE_BITS].astype(np.int64)
