"""Hear a voice with every encoder there is, and how much and how wide the speech is that they heard."""

from __future__ import annotations

from collections.abc import Sequence

from safety.comparison import VoiceEmbedding, embed
from safety.ports import SpeakerEncoder
from safety.speech import net_speech_seconds
from synth_adapter.band import speech_band_hz
from synth_adapter.waveform import Waveform


def embed_voice(
    waveform: Waveform, *, encoders: Sequence[SpeakerEncoder], net_seconds: float | None = None
) -> VoiceEmbedding:
    """One voice as all `encoders` hear it; pass `net_seconds` where the speech was counted already.

    Raises:
        SpeechError: too short for an encoder, or digitally silent.
    """
    return VoiceEmbedding(
        parts=tuple(embed(waveform, encoder=encoder) for encoder in encoders),
        seconds=net_speech_seconds(waveform) if net_seconds is None else net_seconds,
        bandwidth_hz=speech_band_hz(waveform),
    )
