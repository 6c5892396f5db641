"""The engine that needs no accelerator: Kokoro speaks, and its voice is adapted to the enrolled speaker's.

Preparation lets a near stock voice say the words of the speaker's samples, aligns both and learns how the spectra
differ; synthesis lets the stock voice say the new words and changes pitch and spectra as learnt.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from django.conf import settings

from synth_adapter.adaptation import analysis, mapping, selection, training
from synth_adapter.adaptation.analysis import FRAME_MS, RATE, Speech
from synth_adapter.adaptation.artefact import AdaptedVoice, dump, load
from synth_adapter.adaptation.pitch import PitchRange, move, pitch_range
from synth_adapter.backends.kokoro import Kokoro, dialect
from synth_adapter.errors import EngineError
from synth_adapter.phonemes import espeak_language
from synth_adapter.ports import EngineRelease, TranscribedSample
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

_ENOUGH_SECONDS = 32.0  # more reference costs more than it gives
_LEAST_SECONDS = 10.0  # of audible speech, over all samples
_DIFFERENT_WORDS = 2.5  # when one side lasts this many times the other, they cannot be saying the same
_SLOWEST, _FASTEST = 0.8, 1.25
_LEVEL = 10 ** (-23 / 20)
_PEAK = 0.95
_VERSION = "1"


class LocalEngine:
    """Kokoro-82M with parallel adaptation, on the CPU; loads every model once, or raises."""

    def __init__(self, *, excluded_stock_voices: Collection[str] = ()) -> None:
        found = {name: locate(name) for name in ("kokoro", "kokoro-voices", "kokoro-config")}
        self.kokoro = Kokoro(
            model=found["kokoro"].path,
            voices=found["kokoro-voices"].path,
            config=found["kokoro-config"].path,
            threads=settings.MODEL_THREADS,
        )
        self.release = EngineRelease(
            name="local-kokoro-adaptation",
            version=_VERSION,
            models={name: weights.sha256 for name, weights in found.items()},
            sample_rate=RATE,
            watermarks_natively=False,
            languages=frozenset({"en"}),
        )
        self._identity = f"{self.release.name} {self.release.version}"
        self._excluded = frozenset(excluded_stock_voices)
        self._profiles = selection.stock_profiles()

    def prepare(self, samples: Sequence[TranscribedSample]) -> bytes:
        """Learn a voice from 20 to 60 s of speech with its words."""
        chosen = _enough(samples)
        speaker = [analysis.analyse(_levelled(sample.waveform)) for sample in chosen]
        _require_enough(speaker)
        nearest = selection.nearest(selection.profile(speaker), profiles=self._profiles, excluded=self._excluded)
        stock = [self._stock_speech(sample.transcript, nearest, pace=1.0) for sample in chosen]
        pairs = [(a, b) for a, b in zip(stock, speaker, strict=True) if _say_the_same(a, b)]
        stock, speaker = [a for a, _ in pairs], [b for _, b in pairs]
        _require_enough(speaker)
        pace = sum(map(_audible_seconds, stock)) / sum(map(_audible_seconds, speaker))
        return dump(
            AdaptedVoice(
                engine=self._identity,
                stock_voice=nearest,
                pace=float(np.clip(pace, _SLOWEST, _FASTEST)),
                stock_pitch=_pitch_range(stock),
                speaker_pitch=_pitch_range(speaker),
                spectral_map=training.fit(stock, speaker),
            )
        )

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Waveform:
        """Speak as the speaker of a prepared voice, at 16 kHz."""
        espeak_language(language)
        adapted = load(voice, engine=self._identity)
        stock = self._stock_speech(text, adapted.stock_voice, pace=adapted.pace)
        averaged = mapping.apply(adapted.spectral_map, stock)
        changed = replace(
            stock,
            pitch=move(stock.pitch, source=adapted.stock_pitch, target=adapted.speaker_pitch),
            cepstra=mapping.sharpen(averaged, stock.audible, spectral_map=adapted.spectral_map),
        )
        return _levelled(analysis.resynthesise(changed))

    def _stock_speech(self, text: str, stock_voice: str, *, pace: float) -> Speech:
        language = dialect(stock_voice)
        if language is None:
            raise EngineError(f"The stock voice '{stock_voice}' does not speak English.", permanent=True)
        return analysis.analyse(self.kokoro.speak(text, stock_voice=stock_voice, language=language, pace=pace))


def _enough(samples: Sequence[TranscribedSample]) -> list[TranscribedSample]:
    chosen: list[TranscribedSample] = []
    for sample in samples:
        if sample.transcript.strip() and sum(kept.waveform.seconds for kept in chosen) < _ENOUGH_SECONDS:
            chosen.append(sample)
    if not chosen:
        raise EngineError("A voice is prepared from samples with their words; there are none.", permanent=True)
    return chosen


def _require_enough(speeches: Sequence[Speech]) -> None:
    spoken = sum(map(_audible_seconds, speeches))
    if spoken < _LEAST_SECONDS:
        raise EngineError(
            f"{spoken:.0f} s of speech fit their transcripts; record at least {_LEAST_SECONDS:.0f} s clearly.",
            permanent=True,
        )


def _levelled(waveform: Waveform) -> Waveform:
    level, peak = float(np.sqrt(np.mean(waveform.samples**2))), float(np.abs(waveform.samples).max(initial=0.0))
    if level == 0.0:
        raise EngineError("There is only digital silence.", permanent=True)
    return Waveform(waveform.samples * np.float32(min(_LEVEL / level, _PEAK / peak)), waveform.rate)


def _audible_seconds(speech: Speech) -> float:
    return float(speech.audible.sum()) * FRAME_MS / 1000


def _say_the_same(stock: Speech, speaker: Speech) -> bool:
    ratio = _audible_seconds(stock) / max(_audible_seconds(speaker), 1e-3)
    return 1 / _DIFFERENT_WORDS < ratio < _DIFFERENT_WORDS


def _pitch_range(speeches: Sequence[Speech]) -> PitchRange:
    found = pitch_range(speeches)
    if found is None:
        raise EngineError("There is no voiced speech in the samples; record them again.", permanent=True)
    return found
