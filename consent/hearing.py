"""Listen to a ceremony recording with every ear there is; what is heard is weighed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from consent.statement import Script, WordsHeard, compare_words
from safety.comparison import VoiceEmbedding
from safety.errors import SpeechError
from safety.hearing import embed_voice
from safety.ports import SpoofFinding
from safety.registry import speaker_encoder, speaker_encoders, spoof_detector, transcriber
from safety.speech import SpeakerFinding, net_speech_seconds, one_speaker
from synth_adapter.waveform import Waveform
from watermark import marking
from watermark.ports import Reading


@dataclass(frozen=True)
class Heard:
    """What ears and markers made of a recording.

    An embedding of None means that no voice could be made out; `living` None, that nobody asked whether one speaks.
    """

    transcript: str
    words: WordsHeard
    net_speech_seconds: float
    speakers: SpeakerFinding
    marks: tuple[Reading, ...]
    embedding: VoiceEmbedding | None
    living: SpoofFinding | None = None


def hear(waveform: Waveform, *, script: Script) -> Heard:
    """Words, speech, speakers, marks and voice of a recording."""
    seconds = net_speech_seconds(waveform)
    transcript = transcriber().words(waveform, language=script.language)
    try:
        embedding = embed_voice(waveform, encoders=speaker_encoders(), net_seconds=seconds)
    except SpeechError:
        embedding = None
    return Heard(
        transcript=transcript,
        words=compare_words(transcript, script=script),
        net_speech_seconds=seconds,
        speakers=one_speaker(waveform, encoder=speaker_encoder()),
        marks=marking.detect(waveform),
        embedding=embedding,
        living=spoof_detector().listen(waveform),
    )
