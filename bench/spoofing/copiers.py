"""More ways to copy speech than the recipe has, each with phases or movement of its own, for the experiment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyworld
from numpy.typing import NDArray
from scipy.fft import dct, idct
from scipy.ndimage import gaussian_filter1d
from scipy.signal import istft, stft

from bench.spoofing.material import Copier
from bench.spoofing.systems import mel_bank
from synth_adapter.waveform import Waveform

RATE = 16_000
BANDS = 80
CEPSTRA, SMOOTHED_FRAMES = 30, 2.0
VOICED_TOP_HERTZ = 5_500.0
Samples = NDArray[np.float64]


def by_source_and_filter(sound: Waveform, seed: int) -> Waveform:
    """Harmonics of the pitch and noise above, filtered to the mel spectrum: the phases are the source's."""
    samples = sound.samples.astype(np.float64)
    source = _stft(_source(samples, seed), 1_024)
    wanted = _through_mel(np.abs(_stft(samples, 1_024)))
    even = _through_mel(np.abs(source))
    return _finished(_istft(source * wanted / np.maximum(even, 1e-6), 1_024))


def by_peaks(sound: Waveform, _seed: int) -> Waveform:
    """Phases that advance with the peak they belong to, from the mel spectrum alone (after Beauregard et al. 2015)."""
    magnitude = _through_mel(np.abs(_stft(sound.samples.astype(np.float64), 512)))
    bins = np.arange(len(magnitude))
    phase, spectrum = np.zeros(len(magnitude)), np.empty(magnitude.shape, np.complex128)
    for index, frame in enumerate(magnitude.T):
        peaks = 1 + np.flatnonzero((frame[1:-1] > frame[:-2]) & (frame[1:-1] >= frame[2:]))
        peaks = peaks if len(peaks) else np.array([1])
        nearest = peaks[np.abs(bins[:, None] - peaks).argmin(axis=1)]
        phase = (phase[nearest] + 2 * np.pi * nearest / 4) % (2 * np.pi)
        spectrum[:, index] = frame * np.exp(1j * (phase + np.pi * ((bins - nearest) % 2)))
    return _finished(_istft(spectrum, 512))


def by_wide_griffin_lim(sound: Waveform, seed: int) -> Waveform:
    """Griffin and Lim's phases with windows twice as long, 100 bands, 60 rounds and no momentum."""
    magnitude = _through_mel(np.abs(_stft(sound.samples.astype(np.float64), 1_024)), bands=100)
    angles = np.exp(2j * np.pi * np.random.default_rng(seed).random(magnitude.shape))
    for _ in range(60):
        rebuilt = _stft(_istft(magnitude * angles, 1_024), 1_024)[:, : magnitude.shape[1]]
        angles = rebuilt / np.maximum(np.abs(rebuilt), 1e-9)
    return _finished(_istft(magnitude * angles, 1_024))


def by_smoothed_world(sound: Waveform, _seed: int) -> Waveform:
    """WORLD with 30 cepstra that move slowly, as networks that predict a mean let them."""
    samples = sound.samples.astype(np.float64)
    pitch, times = pyworld.harvest(samples, RATE)
    envelope = pyworld.cheaptrick(samples, pitch, times, RATE)
    noise = pyworld.d4c(samples, pitch, times, RATE)
    cepstra = dct(np.log(envelope + 1e-12), axis=1, norm="ortho")
    cepstra[:, CEPSTRA:] = 0.0
    cepstra = gaussian_filter1d(cepstra, SMOOTHED_FRAMES, axis=0)
    smooth = np.ascontiguousarray(np.exp(idct(cepstra, axis=1, norm="ortho")))
    return _finished(pyworld.synthesize(pitch, smooth, noise, RATE))


MORE: Mapping[str, Copier] = {
    "source-filter copy": by_source_and_filter,
    "peak-phase copy": by_peaks,
    "wide Griffin-Lim copy": by_wide_griffin_lim,
    "smoothed WORLD copy": by_smoothed_world,
}
KIN = {"wide Griffin-Lim copy": "Griffin-Lim copy", "smoothed WORLD copy": "WORLD copy"}
"""What is left out together when a system is to be a stranger."""


def _source(samples: Samples, seed: int) -> Samples:
    """Unit noise, and where there is pitch its harmonics below 5.5 kHz."""
    pitch, times = pyworld.dio(samples, RATE)
    pitch = pyworld.stonemask(samples, pitch, times, RATE)
    hertz = np.interp(np.arange(len(samples)) / RATE, times, pitch)
    hertz[np.interp(np.arange(len(samples)) / RATE, times, (pitch > 0).astype(float)) < 1] = 0.0
    turns = 2 * np.pi * np.cumsum(hertz) / RATE
    source = np.random.default_rng(seed).standard_normal(len(samples))
    source[hertz > 0] *= 0.1
    for number in range(1, 80):
        heard = (hertz > 0) & (number * hertz < VOICED_TOP_HERTZ)
        source[heard] += np.cos(number * turns[heard])
    return source


def _through_mel(magnitude: NDArray[np.float64], bands: int = BANDS) -> NDArray[np.float64]:
    bank = mel_bank(bands, len(magnitude))
    share = bank / np.maximum(bank.sum(axis=0, keepdims=True), 1e-9)
    return np.asarray(share.T @ ((bank @ magnitude) / np.maximum(bank.sum(axis=1, keepdims=True), 1e-9)))


def _stft(samples: Samples, window: int) -> NDArray[np.complex128]:
    return np.asarray(stft(samples, nperseg=window, noverlap=window - window // 4)[2])


def _istft(spectrum: NDArray[np.complex128], window: int) -> Samples:
    return np.asarray(istft(spectrum, nperseg=window, noverlap=window - window // 4)[1])


def _finished(samples: Samples) -> Waveform:
    peak = float(np.max(np.abs(samples), initial=1e-9))
    return Waveform((samples * min(1.0, 0.99 / peak)).astype(np.float32), RATE)
