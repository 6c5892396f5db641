"""What of a few seconds of speech tells a voice from a machine: how it moves, not how it sounds.

Absolute spectra are left out on purpose, because they tell one microphone from another; what stays is how each band
moves and how deep it falls (log-mel and linear cepstra), how regular phases are (group delay and phase acceleration),
what a linear predictor leaves over, and how pitch and harmonics behave.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d

from synth_adapter.waveform import Waveform

RATE = 16_000
FRAME, HOP = 512, 160
BANDS, COARSE = 40, 13
CEPSTRA = 20
ACTIVE_DB = 35.0
LEAST_FRAMES = 50
PREDICTOR = 16
PITCH_HZ = (65.0, 400.0)
VOICED = 0.5
FLOOR = 1e-9
TOP_HERTZ = 7_600.0
MODULATIONS_HZ = ((2.0, 6.0), (6.0, 12.0), (12.0, 24.0), (24.0, 50.0))

Matrix = NDArray[np.float64]


def features(sound: Waveform) -> NDArray[np.float32]:
    """The description of one stretch of speech; pauses count for nothing, nor does level."""
    samples = sound.resampled(RATE).samples.astype(np.float64)
    samples = samples / max(FLOOR, float(np.sqrt(np.mean(samples**2))))
    frames = _frames(samples)
    power = np.log(np.mean(frames**2, axis=1) + FLOOR)
    active = power > np.percentile(power, 95) - ACTIVE_DB * np.log(10) / 10
    spectrum = np.fft.rfft(frames * np.hanning(FRAME))
    found = [
        *_movement(spectrum, active),
        *_fine_structure(spectrum, active),
        *_phases(spectrum, active),
        *_residual(frames[active]),
        *_pitch(frames, active),
    ]
    return np.nan_to_num(np.asarray(found, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def mel_bank(bands: int) -> Matrix:
    """Triangles of shape (bands, bins), evenly spaced in mel (O'Shaughnessy) below `TOP_HERTZ`."""
    edges = 700.0 * np.expm1(np.linspace(np.log1p(60.0 / 700.0), np.log1p(TOP_HERTZ / 700.0), bands + 2))
    return _triangles(edges)


def linear_bank(bands: int) -> Matrix:
    """The same, evenly spaced in hertz."""
    return _triangles(np.linspace(60.0, TOP_HERTZ, bands + 2))


def _triangles(edges: Matrix) -> Matrix:
    hertz = np.linspace(0.0, RATE / 2, FRAME // 2 + 1)
    steps = np.maximum(np.diff(edges), RATE / FRAME)[:, None]
    rising, falling = (hertz - edges[:-2, None]) / steps[:-1], (edges[2:, None] - hertz) / steps[1:]
    bank = np.clip(np.minimum(rising, falling), 0.0, None)
    return np.asarray(bank / np.maximum(bank.sum(axis=1, keepdims=True), FLOOR))


_MEL, _LINEAR, _COARSE = mel_bank(BANDS), linear_bank(BANDS), linear_bank(COARSE)


def _frames(samples: Matrix) -> Matrix:
    padded = np.pad(samples, (0, max(0, FRAME + LEAST_FRAMES * HOP - len(samples))))
    return np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]


def _movement(spectrum: NDArray[np.complex128], active: NDArray[np.bool_]) -> list[float]:
    """Per band: depth, skew, speed and acceleration, energy by modulation frequency; likeness of neighbours."""
    power = np.abs(spectrum) ** 2
    mel = np.log(power @ _MEL.T + FLOOR)
    cepstra = dct(np.log(power @ _LINEAR.T + FLOOR), axis=1, norm="ortho")[:, 1 : CEPSTRA + 1]
    found: list[float] = []
    for values in (mel, cepstra):
        heard = values[active]
        speed = np.diff(values, axis=0)
        acceleration = np.diff(values, n=2, axis=0)
        spread = np.std(heard, axis=0) + FLOOR
        moved = np.std(speed[active[1:]], axis=0)
        jerked = np.std(acceleration[active[2:]], axis=0)
        found += [*np.log(moved + FLOOR), *np.log(jerked / (moved + FLOOR) + FLOOR)]
        found += [*(np.mean((heard - heard.mean(axis=0)) ** 3, axis=0) / spread**3)]
        found += [*np.log(np.mean(np.abs(speed[active[1:]]), axis=0) / (moved + FLOOR) + FLOOR)]
    low, high = np.percentile(mel[active], (5, 95), axis=0)
    found += [*(high - low)]
    found += [*np.mean(_standard(mel[active])[:, 1:] * _standard(mel[active])[:, :-1], axis=0)]
    return found + _modulations(mel)


def _modulations(mel: Matrix) -> list[float]:
    """The share of a band's movement at each rate, four bands together."""
    moving = np.abs(np.fft.rfft((mel - mel.mean(axis=0)) * np.hanning(len(mel))[:, None], axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(mel), HOP / RATE)
    energy = np.stack([moving[(hertz >= low) & (hertz < high)].sum(axis=0) for low, high in MODULATIONS_HZ])
    grouped = energy.reshape(len(MODULATIONS_HZ), BANDS // 4, 4).sum(axis=2)
    shares = np.log((grouped + FLOOR) / (grouped.sum(axis=0) + FLOOR) + FLOOR)
    return list(shares.ravel())


def _fine_structure(spectrum: NDArray[np.complex128], active: NDArray[np.bool_]) -> list[float]:
    """How rough the spectrum is within each coarse band, and how that roughness itself moves."""
    level = np.log(np.abs(spectrum[active]) + FLOOR)
    smooth = uniform_filter1d(level, 9, axis=1)
    rough = np.abs(level - smooth) @ _COARSE.T
    peaks = ((level - smooth) ** 3) @ _COARSE.T
    along = np.abs(np.diff(level, axis=0)) @ _COARSE.T
    return [*rough.mean(axis=0), *rough.std(axis=0), *peaks.mean(axis=0), *along.mean(axis=0), *along.std(axis=0)]


def _phases(spectrum: NDArray[np.complex128], active: NDArray[np.bool_]) -> list[float]:
    """Regularity of phases: along frequency (group delay) and along time (acceleration), by coarse band."""
    unit = spectrum / (np.abs(spectrum) + FLOOR)
    weight = np.abs(spectrum)
    along_frequency = unit[:, 1:] * unit[:, :-1].conj()
    bent = along_frequency[:, 1:] * along_frequency[:, :-1].conj()
    along_time = unit[1:] * unit[:-1].conj()
    accelerated = along_time[1:] * along_time[:-1].conj()
    parts = [
        np.abs(_weighed(bent[active], weight[active, 1:-1], _COARSE[:, 1:-1])),
        np.abs(_weighed(accelerated[active[2:]], weight[2:][active[2:]], _COARSE)),
    ]
    delay = np.angle(along_frequency[active]) * FRAME / (2 * np.pi)
    spread = np.abs(delay - np.median(delay, axis=1, keepdims=True)) @ _COARSE[:, 1:].T
    return [value for part in parts for value in (*part.mean(axis=0), *part.std(axis=0))] + [
        *np.log(spread.mean(axis=0) + FLOOR),
        *np.log(spread.std(axis=0) + FLOOR),
    ]


def _weighed(unit: NDArray[np.complex128], weight: Matrix, bank: Matrix) -> NDArray[np.complex128]:
    return np.asarray(((unit * weight) @ bank.T) / (weight @ bank.T + FLOOR))


def _residual(frames: Matrix) -> list[float]:
    """What linear prediction leaves: how peaked and how lopsided it is, and how well it predicts."""
    windowed = frames * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(windowed, 2 * FRAME)) ** 2
    correlation = np.fft.irfft(power)[:, : PREDICTOR + 1]
    correlation[:, 0] *= 1.0001
    predictors = _predictors(correlation)
    filters = np.fft.rfft(np.concatenate([np.ones((len(frames), 1)), -predictors], axis=1), 2 * FRAME)
    left = np.fft.irfft(np.fft.rfft(windowed, 2 * FRAME) * filters)[:, PREDICTOR:FRAME]
    centred = left - left.mean(axis=1, keepdims=True)
    variance = np.mean(centred**2, axis=1) + FLOOR
    spread = np.sqrt(variance)[:, None]
    rows = (
        np.mean((centred / spread) ** 3, axis=1),
        np.log(np.mean((centred / spread) ** 4, axis=1) + FLOOR),
        np.log(variance / (correlation[:, 0] / FRAME + FLOOR) + FLOOR),
        np.max(np.abs(centred) / spread, axis=1),
    )
    table = np.stack(rows, axis=1)
    return [*table.mean(axis=0), *table.std(axis=0), *np.percentile(table, (10, 90), axis=0).ravel()]


def _predictors(correlation: Matrix) -> Matrix:
    """Linear predictors of shape (frames, PREDICTOR) by Levinson's recursion, all frames at once."""
    taps = np.zeros((len(correlation), PREDICTOR))
    error = correlation[:, 0] + FLOOR
    for order in range(PREDICTOR):
        lagged = correlation[:, order:0:-1] if order else np.zeros((len(correlation), 0))
        reflection = (correlation[:, order + 1] - np.sum(taps[:, :order] * lagged, axis=1)) / error
        taps[:, :order] -= reflection[:, None] * taps[:, :order][:, ::-1].copy()
        taps[:, order] = reflection
        error = np.maximum(error * (1 - reflection**2), FLOOR)
    return taps


def _pitch(frames: Matrix, active: NDArray[np.bool_]) -> list[float]:
    """How periodic voiced frames are, and how restless pitch and loudness are from one to the next."""
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME), 2 * FRAME)) ** 2
    correlation = np.fft.irfft(power)[:, :FRAME] / np.maximum(np.fft.irfft(np.abs(_WINDOW) ** 2)[:FRAME], 1e-3)
    shortest, longest = round(RATE / PITCH_HZ[1]), round(RATE / PITCH_HZ[0])
    searched = correlation[:, shortest:longest] / (correlation[:, :1] + FLOOR)
    best = searched.argmax(axis=1)
    strength = np.clip(searched.max(axis=1), 0.0, 1.0)
    voiced = active & (strength > VOICED)
    log_pitch = np.log(RATE / (best + shortest))
    steady = voiced[2:] & voiced[1:-1] & voiced[:-2]
    bend = np.abs(np.diff(log_pitch, n=2))[steady]
    bend = bend[bend < 0.3]  # noqa: PLR2004 - a larger jump is an octave error
    loud = np.abs(np.diff(np.log(np.mean(frames**2, axis=1) + FLOOR), n=2))[steady]
    if len(bend) < 5:  # noqa: PLR2004 - too few to say anything
        return [0.0] * 11
    noise = np.log((1 - strength[voiced]) + 1e-3)
    return [
        *np.percentile(noise, (10, 50, 90)),
        noise.std(),
        *np.log(np.percentile(bend, (50, 75, 90)) + 1e-4),
        np.log(bend.mean() + 1e-4),
        *np.log(np.percentile(loud, (25, 50, 75)) + 1e-4),
    ]


_WINDOW = np.fft.rfft(np.hanning(FRAME), 2 * FRAME)


def _standard(values: Matrix) -> Matrix:
    return np.asarray((values - values.mean(axis=0)) / (values.std(axis=0) + FLOOR))
