"""What happens to sound by design or neglect: noise, rooms, filters, levels, cuts, speeds; everything at 16 kHz."""

from __future__ import annotations

import functools

import numpy as np
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from bench.mark import material
from bench.spoofing.channels import RATE, Samples
from synth_adapter.waveform import Waveform

WSOLA_FRAME, WSOLA_REACH = 640, 160
SEMITONE = 2 ** (1 / 12)
BABBLERS = 6
PRESSED_ABOVE, RATIO = 10 ** (-30 / 20), 4.0
RELEASE_SECONDS = 0.05


def white(samples: Samples, *, decibels: float) -> Samples:
    """With noise so far below it."""
    return _mixed(samples, np.random.default_rng(len(samples)).standard_normal(len(samples)), decibels)


def babble(samples: Samples, *, decibels: float) -> Samples:
    """With six others talking at once, together so far below it."""
    crowd = _crowd()
    start = len(samples) % (len(crowd) - len(samples)) if len(crowd) > len(samples) else 0
    return _mixed(samples, np.resize(crowd[start:], len(samples)), decibels)


def reverberant(samples: Samples) -> Samples:
    """A tail of 0.3 s, its energy 6 dB below the direct sound."""
    length = round(0.3 * RATE)
    tail = np.random.default_rng(7).standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail[: round(0.002 * RATE)] = 0.0
    tail *= np.sqrt(10**-0.6 / np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(fftconvolve(samples, tail)[: len(samples)])


def filtered(samples: Samples, *, hertz: float, kind: str) -> Samples:
    """Butterworth of order eight."""
    return np.asarray(sosfilt(butter(8, hertz, kind, fs=RATE, output="sos"), samples))


def pressed(samples: Samples) -> Samples:
    """Dynamic range compressed four to one above -30 dB, released over 50 ms, and raised to the old level."""
    envelope = lfilter([1.0], [1.0, -np.exp(-1 / (RELEASE_SECONDS * RATE))], np.abs(samples)) / (RELEASE_SECONDS * RATE)
    over = np.maximum(envelope / PRESSED_ABOVE, 1.0)
    out = samples * over ** (1 / RATIO - 1)
    return np.asarray(out * np.sqrt(np.mean(samples**2) / max(1e-12, float(np.mean(out**2)))))


def quantised(samples: Samples, *, bits: int) -> Samples:
    """Rounded to so many bits, full scale at the loudest sample."""
    peak = max(1e-9, float(np.abs(samples).max()))
    steps = 2 ** (bits - 1) - 1
    return np.asarray(np.round(samples / peak * steps) / steps * peak)


def through_rate(samples: Samples, rate: int) -> Samples:
    return resampled(resampled(samples, RATE, rate), rate, RATE)[: len(samples)]


def cut_away(samples: Samples, share: float) -> Samples:
    """Two thirds of what goes is at the beginning, the rest at the end."""
    first = round(len(samples) * share * 2 / 3)
    return samples[first : first + round(len(samples) * (1 - share))]


def cut_inside(samples: Samples, *, seconds: float) -> Samples:
    """A piece out of the middle."""
    half, middle = round(seconds * RATE / 2), len(samples) // 2
    return np.concatenate((samples[: middle - half], samples[middle + half :]))


def begun_later(samples: Samples) -> Samples:
    """Up to half a second is missing at the beginning, to the sample, another for each sound."""
    seed = int(np.abs(samples[:4_000]).sum() * 1e6) % 2**32
    return samples[np.random.default_rng(seed).integers(1, RATE // 2) :]


def faster(samples: Samples, factor: float) -> Samples:
    """Played at another speed: pitch moves along."""
    return resampled(samples, round(RATE * factor), RATE)


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


def resampled(samples: Samples, source: int, target: int) -> Samples:
    return Waveform(samples.astype(np.float32), source).resampled(target).samples.astype(np.float64)


def _mixed(samples: Samples, noise: Samples, decibels: float) -> Samples:
    level = np.sqrt(np.mean(samples**2) / max(1e-12, float(np.mean(noise**2))) / 10 ** (decibels / 10))
    return np.asarray(samples + level * noise)


@functools.cache
def _crowd() -> Samples:
    """Ten seconds of speakers on whom the mark's strengths were chosen: no clip of the tables is among them."""
    return np.sum([clip.samples / np.std(clip.samples) for _, clip in material.clips(BABBLERS, seconds=10.0)], axis=0)
