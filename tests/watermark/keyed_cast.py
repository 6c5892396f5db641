"""One platform, two organisations and their clips, for the tests of the keyed mark."""

from __future__ import annotations

import io
from uuid import UUID

import numpy as np
import soundfile

from synth_adapter.waveform import Waveform
from tests.corpus import speech_of
from watermark.keyed import fingerprint
from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.embedding import embed
from watermark.keyed.library import Library, Shelf
from watermark.keyed.matching import CodeBook

RATE = 16_000
EPOCH, LATER = 1, 2
PILOTS = {EPOCH: PilotKeys(b"of the platform's epoch 1"), LATER: PilotKeys(b"of the platform's epoch 2")}
STUDIO, BROADCASTER = UUID(int=1), UUID(int=2)
STUDIO_KEYS = ClipKeys(b"of the studio, epoch 1", pilots=PILOTS[EPOCH])
BROADCASTER_KEYS = ClipKeys(b"of the broadcaster, epoch 2", pilots=PILOTS[LATER])
CLIPS = tuple(UUID(int=100 + number) for number in range(300))
ANNOUNCEMENT, GREETING, BULLETIN = CLIPS[:3]
"""The studio's announcement and greeting; the broadcaster's bulletin."""


def speech(speaker: str, *, take: int = 0) -> Waveform:
    """A recording of the corpus at 16 kHz."""
    samples, rate = soundfile.read(io.BytesIO(speech_of(speaker)[take]), dtype="float32")
    return Waveform(samples, rate).resampled(RATE)


def joined(*sounds: Waveform) -> Waveform:
    return Waveform(np.concatenate([sound.samples for sound in sounds]), RATE)


def marked(sound: Waveform, clip: UUID, keys: ClipKeys) -> Waveform:
    """The sound as it is released: marked with the clip's code, which its fingerprint enters."""
    return embed(sound, keys.pattern(clip.bytes, content=fingerprint.digest(fingerprint.of(sound))))


def library(originals: dict[UUID, Waveform], *, known: bool = True) -> Library:
    """All clips registered: those in `originals` with their content; fingerprints may have been erased."""
    prints = {clip: fingerprint.of(sound) for clip, sound in originals.items()}
    shelves = []
    for organisation, epoch, keys in ((STUDIO, EPOCH, STUDIO_KEYS), (BROADCASTER, LATER, BROADCASTER_KEYS)):
        entries = [(clip.bytes, fingerprint.digest(prints.get(clip, b""))) for clip in CLIPS]
        shelves.append(Shelf(organisation, epoch, CLIPS, CodeBook.of(keys, entries), keys))
    return Library(PILOTS, tuple(shelves), lambda _, clip: prints.get(clip) if known else None)
