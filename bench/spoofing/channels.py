"""Ways from a mouth to a file, drawn at random: rooms, microphones, noise, narrow bands, codecs.

Training passes real and made speech through the same ways, so that the detector cannot learn where a corpus was
recorded instead of who speaks.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, firwin2, lfilter, sosfilt

from synth_adapter import lossy
from synth_adapter.lossy import Codec
from synth_adapter.waveform import Waveform

RATE = 16_000
MU = 255.0
IN_A_ROOM, NOISY, NARROW = 0.25, 0.7, 0.3
MP3, OPUS, TELEPHONE = 0.25, 0.5, 0.58
"""Shares of recordings; those of codecs are cumulative."""

Samples = NDArray[np.float64]


def passed(sound: Waveform, draw: Generator) -> Waveform:
    """`sound` at 16 kHz after a way drawn at random."""
    samples = sound.samples.astype(np.float64)
    if draw.random() < IN_A_ROOM:
        samples = room(samples, draw)
    samples = microphone(samples, draw)
    if draw.random() < NOISY:
        samples = noisy(samples, draw, decibels=draw.uniform(15.0, 45.0))
    if draw.random() < NARROW:
        samples = narrowed(samples, hertz=draw.uniform(3_400.0, 7_400.0))
    samples *= 10 ** draw.uniform(-1.0, 0.0) / max(1e-9, float(np.abs(samples).max()))
    choice = draw.random()
    if choice < MP3:
        samples = coded(samples, codec="libmp3lame", bits=int(draw.choice([32_000, 48_000, 64_000])))
    elif choice < OPUS:
        samples = coded(samples, codec="libopus", bits=int(draw.choice([12_000, 16_000, 24_000, 32_000])))
    elif choice < TELEPHONE:
        samples = telephone(samples)
    return Waveform(samples.astype(np.float32), RATE)


def room(samples: Samples, draw: Generator) -> Samples:
    """Exponentially decaying noise behind the direct sound."""
    length = int(draw.uniform(0.15, 0.5) * RATE)
    tail = draw.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail[: int(0.002 * RATE)] = 0.0
    tail *= draw.uniform(0.1, 0.6) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(fftconvolve(samples, tail)[: len(samples)])


def microphone(samples: Samples, draw: Generator) -> Samples:
    """A gently uneven response: within 6 dB, over eight points, with the lows cut somewhere below 150 Hz."""
    points = np.concatenate(([0.0], np.sort(draw.uniform(0.02, 0.95, 6)), [1.0]))
    response = 10 ** (draw.uniform(-6.0, 6.0, 8) / 20)
    shaped = np.convolve(samples, firwin2(129, points, response), "same")
    cut = butter(1, draw.uniform(20.0, 150.0), "highpass", fs=RATE, output="sos")
    return np.asarray(sosfilt(cut, shaped))


def noisy(samples: Samples, draw: Generator, *, decibels: float) -> Samples:
    """Coloured noise below the speech by this much."""
    noise = lfilter([1.0], [1.0, -draw.uniform(0.0, 0.97)], draw.standard_normal(len(samples)))
    return np.asarray(samples + noise * np.sqrt(np.mean(samples**2) / np.mean(noise**2) / 10 ** (decibels / 10)))


def narrowed(samples: Samples, *, hertz: float) -> Samples:
    return np.asarray(sosfilt(butter(8, hertz, "lowpass", fs=RATE, output="sos"), samples))


def telephone(samples: Samples) -> Samples:
    """The telephone's band with the quantisation of ITU-T G.711 mu-law."""
    band = sosfilt(butter(6, [300.0, 3_400.0], "bandpass", fs=RATE, output="sos"), samples)
    squeezed = np.sign(band) * np.log1p(MU * np.abs(np.clip(band, -1, 1))) / np.log1p(MU)
    rounded = np.round(squeezed * 127) / 127
    return np.asarray(np.sign(rounded) * np.expm1(np.abs(rounded) * np.log1p(MU)) / MU)


def coded(samples: Samples, *, codec: Codec, bits: int) -> Samples:
    """Through an encoder of FFmpeg and back to 16 kHz."""
    sound = Waveform(samples.astype(np.float32), RATE)
    return lossy.coded(sound, codec=codec, bits=bits).samples.astype(np.float64)
