"""Conditions under which a probe reaches us: codecs, noise, rooms, lengths; each a pure function of a waveform.

Noise and rooms are drawn from a fixed seed per recording, so that a second run hears the same.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import av
import numpy as np
from av.audio.frame import AudioFrame
from scipy.signal import fftconvolve, lfilter

from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3
from synth_adapter.waveform import Waveform

RATE = 16_000
LENGTHS = (1.0, 2.0, 3.0, 5.0, 10.0)
OPUS_RATE = 48_000
MU = 255.0
TELEPHONE_BAND = (300, 3_400)
Condition = Callable[[Waveform, int], Waveform]


def clean(sound: Waveform, _seed: int) -> Waveform:
    return sound


def mp3_64(sound: Waveform, _seed: int) -> Waveform:
    return decode(encode_mp3(sound, kbit_per_s=64)).waveform


def opus_24(sound: Waveform, _seed: int) -> Waveform:
    """Opus at 24 kbit/s, as a messenger sends speech."""
    buffer = io.BytesIO()
    samples = np.clip(sound.resampled(OPUS_RATE).samples * 32_767, -32_768, 32_767).astype("<i2")
    with av.open(buffer, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=OPUS_RATE, layout="mono")
        stream.bit_rate = 24_000
        for start in range(0, len(samples), 960):
            frame = AudioFrame.from_ndarray(samples[np.newaxis, start : start + 960], format="s16", layout="mono")
            frame.sample_rate = OPUS_RATE
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return decode(buffer.getvalue()).waveform


def telephone(sound: Waveform, _seed: int) -> Waveform:
    """8 kHz, 300 to 3,400 Hz, mu-law in 8 bits (ITU-T G.711)."""
    narrow = sound.resampled(8_000)
    spectrum = np.fft.rfft(narrow.samples)
    hertz = np.fft.rfftfreq(len(narrow.samples), 1 / 8_000)
    spectrum[(hertz < TELEPHONE_BAND[0]) | (hertz > TELEPHONE_BAND[1])] = 0
    samples = np.clip(np.fft.irfft(spectrum, len(narrow.samples)), -1, 1)
    squeezed = np.sign(samples) * np.log1p(MU * np.abs(samples)) / np.log1p(MU)
    coded = np.round(squeezed * 127) / 127
    opened = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(MU)) / MU
    return Waveform(opened.astype(np.float32), 8_000)


def eight_khz(sound: Waveform, _seed: int) -> Waveform:
    return sound.resampled(8_000)


def noisy(sound: Waveform, seed: int, *, decibels: float) -> Waveform:
    """Pink-like noise below the speech by this much."""
    noise = lfilter([1.0], [1.0, -0.9], np.random.default_rng(seed).standard_normal(len(sound.samples)))
    gain = np.sqrt(np.mean(sound.samples.astype(float) ** 2) / np.mean(noise**2) / 10 ** (decibels / 10))
    return Waveform(np.clip(sound.samples + gain * noise, -1, 1).astype(np.float32), sound.rate)


def noise_20(sound: Waveform, seed: int) -> Waveform:
    return noisy(sound, seed, decibels=20.0)


def noise_10(sound: Waveform, seed: int) -> Waveform:
    return noisy(sound, seed, decibels=10.0)


def room(sound: Waveform, seed: int) -> Waveform:
    """A room: half a second of exponentially decaying noise, in all six decibels below the direct sound."""
    length = int(0.5 * sound.rate)
    tail = np.random.default_rng(seed).standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail[: int(0.002 * sound.rate)] = 0.0
    tail *= 0.5 / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    wet = fftconvolve(sound.samples, tail)[: len(sound.samples)]
    return Waveform((wet / max(1.0, float(np.max(np.abs(wet))))).astype(np.float32), sound.rate)


CONDITIONS: Mapping[str, Condition] = {
    "clean": clean,
    "mp3-64": mp3_64,
    "opus-24": opus_24,
    "g711": telephone,
    "8-khz": eight_khz,
    "noise-20-db": noise_20,
    "noise-10-db": noise_10,
    "room": room,
}
