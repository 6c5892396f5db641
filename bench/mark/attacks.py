"""What happens to sound between us and whoever asks where it came from: codecs, lines, cuts, speeds, rooms, noise."""

from __future__ import annotations

import io
from collections.abc import Callable

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from scipy.signal import fftconvolve

from bench.spoofing.channels import RATE, Samples, coded, telephone
from synth_adapter.waveform import Waveform

AAC_FRAME = 1_024
WSOLA_FRAME, WSOLA_REACH = 640, 160
SEMITONE = 2 ** (1 / 12)

Attack = Callable[[Samples], Samples]


def white(samples: Samples, *, decibels: float) -> Samples:
    noise = np.random.default_rng(len(samples)).standard_normal(len(samples))
    return np.asarray(samples + noise * np.sqrt(np.mean(samples**2) / 10 ** (decibels / 10)))


def through_rate(samples: Samples, rate: int) -> Samples:
    return _resampled(_resampled(samples, RATE, rate), rate, RATE)[: len(samples)]


def cut_away(samples: Samples, share: float) -> Samples:
    """Two thirds of what goes is at the beginning, the rest at the end."""
    first = round(len(samples) * share * 2 / 3)
    return samples[first : first + round(len(samples) * (1 - share))]


def faster(samples: Samples, factor: float) -> Samples:
    """Played at another speed: pitch moves along."""
    return _resampled(samples, round(RATE * factor), RATE)


def stretched(samples: Samples, factor: float) -> Samples:
    """WSOLA (W. Verhelst, M. Roelands, ICASSP 1993): `factor` times as fast, the same pitch."""
    hop = WSOLA_FRAME // 2
    window = np.hanning(WSOLA_FRAME + 1)[:-1]
    padded = np.pad(samples, (WSOLA_REACH, WSOLA_FRAME + 2 * WSOLA_REACH + hop))
    count = int(len(samples) / factor) // hop
    out = np.zeros(count * hop + WSOLA_FRAME)
    follow = padded[WSOLA_REACH : WSOLA_REACH + WSOLA_FRAME]
    for index in range(count):
        start = round(index * hop * factor)
        region = padded[start : start + WSOLA_FRAME + 2 * WSOLA_REACH]
        best = start + int(np.argmax(np.correlate(region, follow, "valid"))) if index else WSOLA_REACH
        out[index * hop : index * hop + WSOLA_FRAME] += window * padded[best : best + WSOLA_FRAME]
        follow = padded[best + hop : best + hop + WSOLA_FRAME]
    return out[: count * hop]


def pitched(samples: Samples, semitones: float) -> Samples:
    factor = SEMITONE**semitones
    return faster(stretched(samples, 1 / factor), factor)


def reverberant(samples: Samples) -> Samples:
    """A tail of 0.3 s, its energy 6 dB below the direct sound."""
    length = round(0.3 * RATE)
    tail = np.random.default_rng(7).standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail[: round(0.002 * RATE)] = 0.0
    tail *= np.sqrt(10**-0.6 / np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(fftconvolve(samples, tail)[: len(samples)])


def aac(samples: Samples, *, bits: int) -> Samples:
    """Through FFmpeg's AAC encoder and back."""
    whole = np.pad(np.clip(samples, -1, 1), (0, -len(samples) % AAC_FRAME)).astype(np.float32)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="adts") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        stream.bit_rate = bits
        for start in range(0, len(whole), AAC_FRAME):
            frame = AudioFrame.from_ndarray(whole[np.newaxis, start : start + AAC_FRAME], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    resampler = AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(io.BytesIO(buffer.getvalue())) as container:
        pieces = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate(pieces).astype(np.float64)


def _resampled(samples: Samples, source: int, target: int) -> Samples:
    return Waveform(samples.astype(np.float32), source).resampled(target).samples.astype(np.float64)


ATTACKS: dict[str, Attack] = {
    "none": lambda s: s,
    "mp3 128k": lambda s: coded(s, codec="libmp3lame", bits=128_000),
    "mp3 64k": lambda s: coded(s, codec="libmp3lame", bits=64_000),
    "mp3 32k": lambda s: coded(s, codec="libmp3lame", bits=32_000),
    "aac 64k": lambda s: aac(s, bits=64_000),
    "opus 24k": lambda s: coded(s, codec="libopus", bits=24_000),
    "opus 12k": lambda s: coded(s, codec="libopus", bits=12_000),
    "g711": telephone,
    "resampled 8k": lambda s: through_rate(s, 8_000),
    "cut 10 %": lambda s: cut_away(s, 0.10),
    "cut 25 %": lambda s: cut_away(s, 0.25),
    "cut 50 %": lambda s: cut_away(s, 0.50),
    "speed 0.9": lambda s: faster(s, 0.9),
    "speed 1.1": lambda s: faster(s, 1.1),
    "stretch 0.9": lambda s: stretched(s, 0.9),
    "stretch 1.1": lambda s: stretched(s, 1.1),
    "pitch -2": lambda s: pitched(s, -2),
    "pitch +2": lambda s: pitched(s, 2),
    "reverb": reverberant,
    "noise 20 dB": lambda s: white(s, decibels=20),
    "noise 10 dB": lambda s: white(s, decibels=10),
}
