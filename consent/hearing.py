"""Listen to a ceremony recording with every ear there is; what is heard is weighed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from consent.statement import Script, WordsHeard, compare_words
from safety.comparison import Embedding, embed
from safety.errors import SpeechError
from safety.registry import speaker_encoder, transcriber
from safety.speech import SpeakerFinding, net_speech_seconds, one_speaker
from synth_adapter.waveform import Waveform
from watermark import marking
from watermark.ports import Reading


@dataclass(frozen=True)
class Heard:
    """What ears and markers made of a recording; an embedding of None means that no voice could be made out."""

    transcript: str
    words: WordsHeard
    net_speech_seconds: float
    speakers: SpeakerFinding
    marks: tuple[Reading, ...]
    embedding: Embedding | None


def hear(waveform: Waveform, *, script: Script) -> Heard:
    """Words, speech, speakers, marks and voice of a recording."""
    encoder = speaker_encoder()
    transcript = transcriber().transcribe(waveform, language=script.language).text
    try:
        embedding = embed(waveform, encoder=encoder)
    except SpeechError:
        embedding = None
    return Heard(
        transcript=transcript,
        words=compare_words(transcript, script=script),
        net_speech_seconds=net_speech_seconds(waveform),
        speakers=one_speaker(waveform, encoder=encoder),
        marks=marking.detect(waveform),
        embedding=embedding,
    )
