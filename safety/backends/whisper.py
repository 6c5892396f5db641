"""Transcription by Whisper base through faster-whisper, from local files only."""

from __future__ import annotations

import numpy as np
from django.conf import settings
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from safety.ports import ModelIdentity, Transcript
from safety.speech import speech_segments
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

RATE = 16_000
BEAM = 5
DETECTION_SEGMENTS = 1


class FasterWhisper:
    """Hears words in a given language, and which language it would have guessed."""

    def __init__(self) -> None:
        weights = locate("whisper-base")
        self.whisper = WhisperModel(
            str(weights.path),
            device="cpu",
            compute_type="int8",
            cpu_threads=settings.MODEL_THREADS,
            local_files_only=True,
        )
        self.model = ModelIdentity(name="whisper-base", sha256=weights.sha256)

    def transcribe(self, waveform: Waveform, *, language: str) -> Transcript:
        """The words of `waveform`; empty where no voice is heard, because Whisper invents words for silence."""
        if not speech_segments(waveform):
            return Transcript(text="", language="", language_probability=0.0)
        samples = np.ascontiguousarray(waveform.resampled(RATE).samples)
        text = self._decode(samples, language)
        guess, probability, _ = self.whisper.detect_language(samples, language_detection_segments=DETECTION_SEGMENTS)
        return Transcript(text=text, language=guess, language_probability=float(probability))

    def words(self, waveform: Waveform, *, language: str) -> str:
        """The words alone; the language is told by another run of the encoder, over thirty seconds at any length."""
        if not speech_segments(waveform):
            return ""
        return self._decode(np.ascontiguousarray(waveform.resampled(RATE).samples), language)

    def _decode(self, samples: NDArray[np.float32], language: str) -> str:
        segments, _ = self.whisper.transcribe(
            samples,
            language=language.split("-", maxsplit=1)[0].lower(),
            beam_size=BEAM,
            temperature=0.0,
            condition_on_previous_text=False,
            no_speech_threshold=0.6,
            log_prob_threshold=-1.0,
            vad_filter=False,
        )
        return " ".join(segment.text.strip() for segment in segments)
