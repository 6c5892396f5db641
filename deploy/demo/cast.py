"""The cast: synthetic voices play the people, so that nobody's real voice is used; and what they say.

Amara is a blend of two stock voices, so that the engine has no such voice to start from.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings

from synth_adapter.backends.kokoro import Kokoro
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

WEIGHTS = {"model": "", "voices": "-voices", "config": "-config"}
PAUSE_SECONDS = 0.5
READING_PACE = 0.9
"""Of what is read out, as people read a statement."""
BREATHS = {"make and use a": "make, and use, a"}
"""Without them the stock voices run these words into one, which the default transcriber takes for "nuisance"."""
PASSAGES = (
    "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow.",
    "She had been away for many years, and yet the garden looked exactly as she remembered it.",
    "Every Thursday the baker opened early, and a line of people waited quietly along the wall.",
    "The engineers measured the bridge twice before they allowed the heavy lorries to cross.",
    "A cold wind blew down from the mountains, and by evening the whole valley was white.",
)


@dataclass(frozen=True)
class Person:
    """One of the cast, and the stock voice that plays them."""

    name: str
    stock_voice: str

    @property
    def email(self) -> str:
        """Where they read mail: at a place that is reserved for examples (RFC 2606)."""
        return f"{self.name.split()[0].lower()}@example.org"


AMARA = Person("Amara Lindqvist", "af_bella+bf_emma")
IVO = Person("Ivo Brandt", "am_michael")
PROTECTED = Person("Conrad Weston", "bm_lewis")


@functools.cache
def _voices() -> Kokoro:
    located = {name: locate(f"kokoro{suffix}").path for name, suffix in WEIGHTS.items()}
    return Kokoro(**located, threads=settings.MODEL_THREADS)


def say(person: Person, text: str, *, pace: float = 1.0) -> bytes:
    """A recording of a person saying something, as WAV; kept, since the same words sound the same."""
    name = hashlib.sha256(f"{person.stock_voice}|{pace}|{text}".encode()).hexdigest()[:32]
    kept = Path(settings.CACHE) / "vivavoce" / "demo" / f"{name}.wav"
    if not kept.is_file():
        recording = encode_wav(_voices().speak(text, stock_voice=person.stock_voice, language="en", pace=pace))
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(recording)
        partial.rename(kept)
    return kept.read_bytes()


def say_in_one(person: Person, *texts: str) -> bytes:
    """One recording of a person reading several things out, with a short pause after each."""
    said = [decode(say(person, _breathing(text), pace=READING_PACE)).waveform for text in texts]
    pause = np.zeros(int(PAUSE_SECONDS * said[0].rate), np.float32)
    return encode_wav(Waveform(np.concatenate([part for one in said for part in (one.samples, pause)]), said[0].rate))


def _breathing(text: str) -> str:
    for run, breath in BREATHS.items():
        text = text.replace(run, breath)
    return text
