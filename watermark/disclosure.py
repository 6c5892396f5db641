"""How a clip says in the open that it is synthetic: words in the file's tags and, where asked for, an audible sign."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform
from watermark.provenance.manifest import SYNTHETIC

WORDS = "This speech is synthetic: a machine made it."
PRODUCER = "Vivavoce"
SECONDS_SHORT, SECONDS_LONG, SECONDS_BETWEEN, SECONDS_AFTER = 0.1, 0.3, 0.1, 0.4
TONE_HERTZ = 880.0
RAMP_SECONDS = 0.01
QUIETEST = 0.02
"""The least level of the sign (root mean square, of full scale 1), however quiet the speech is."""


def tags(*, clip_id: UUID, made_at: datetime, language: str, title: str) -> dict[str, str]:
    """Tags for every encoder; no personal data.

    `digital_source_type` is IPTC's property of that name, with the value for media made by a trained model.
    """
    return {
        "title": title,
        "artist": PRODUCER,
        "comment": WORDS,
        "date": made_at.date().isoformat(),
        "language": language,
        "digital_source_type": SYNTHETIC,
        "clip": str(clip_id),
    }


def with_rhythm(waveform: Waveform) -> Waveform:
    """The sound after the rhythm short-long short-short, at the sound's own level; mark it after this, not before."""
    level = _level(waveform)
    parts: list[NDArray[np.float64]] = []
    for seconds, rest in (
        (SECONDS_SHORT, SECONDS_BETWEEN),
        (SECONDS_LONG, SECONDS_LONG),
        (SECONDS_SHORT, SECONDS_BETWEEN),
        (SECONDS_SHORT, SECONDS_AFTER),
    ):
        parts += [_tone(seconds, level=level, rate=waveform.rate), np.zeros(round(rest * waveform.rate))]
    sign = np.concatenate(parts).astype(np.float32)
    return Waveform(np.concatenate([sign, waveform.samples]), waveform.rate)


def with_words(waveform: Waveform, notice: Waveform) -> Waveform:
    """The sound after a spoken notice and a pause; the notice is brought to its rate and, short of clipping, its level.

    Mark it after this, not before.
    """
    spoken = notice.resampled(waveform.rate).samples
    loudest = float(np.abs(spoken).max(initial=0.0))
    own = float(np.sqrt(np.mean(spoken.astype(np.float64) ** 2))) if loudest else 1.0
    spoken = (spoken * min(_level(waveform) / own, 1.0 / max(loudest, QUIETEST))).astype(np.float32)
    pause = np.zeros(round(SECONDS_AFTER * waveform.rate), dtype=np.float32)
    return Waveform(np.concatenate([spoken, pause, waveform.samples]), waveform.rate)


def _level(waveform: Waveform) -> float:
    """Root mean square of the sound, never under QUIETEST."""
    if not len(waveform.samples):
        return QUIETEST
    return max(QUIETEST, float(np.sqrt(np.mean(waveform.samples.astype(np.float64) ** 2))))


def _tone(seconds: float, *, level: float, rate: int) -> NDArray[np.float64]:
    """A sine of that root mean square, without clicks at its ends."""
    time = np.arange(round(seconds * rate)) / rate
    ramp = np.clip(np.minimum(time, time[-1] - time) / RAMP_SECONDS, 0.0, 1.0)
    tone: NDArray[np.float64] = min(1.0, level * np.sqrt(2)) * ramp * np.sin(2 * np.pi * TONE_HERTZ * time)
    return tone
