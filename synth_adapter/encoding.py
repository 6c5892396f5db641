"""Waveforms become files: 16-bit WAV and MP3, the same bytes for the same waveform."""

from __future__ import annotations

import io
import wave

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from synth_adapter.waveform import Waveform

FULL_SCALE = 32_768
MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def encode_wav(waveform: Waveform) -> bytes:
    """16-bit PCM mono; samples outside -1..1 are clipped."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(waveform.rate)
        writer.writeframes(_sixteen_bits(waveform).tobytes())
    return buffer.getvalue()


def encode_mp3(waveform: Waveform, *, kbit_per_s: int) -> bytes:
    """Mono MP3 at a constant bit rate, through LAME.

    Raises:
        ValueError: MP3 does not have this sample rate; resample first.
    """
    if waveform.rate not in MP3_RATES:
        raise ValueError(f"MP3 has no sample rate of {waveform.rate} Hz; resample to one of {MP3_RATES}.")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=waveform.rate, layout="mono")
        assert isinstance(stream, AudioStream)  # noqa: S101 - LAME encodes nothing else
        stream.bit_rate = kbit_per_s * 1_000
        stream.codec_context.format = "s16p"
        frame = AudioFrame.from_ndarray(_sixteen_bits(waveform)[np.newaxis], format="s16p", layout="mono")
        frame.sample_rate = waveform.rate
        frame.pts = 0
        for packet in stream.encode(frame):
            container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return buffer.getvalue()


def _sixteen_bits(waveform: Waveform) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    scaled = np.round(waveform.samples.astype(np.float64) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
