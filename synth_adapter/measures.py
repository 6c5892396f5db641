"""What can be said about a recording without listening to it: level, noise, clipping, silence, bandwidth, echo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from synth_adapter.reverberation import decay_seconds
from synth_adapter.waveform import Waveform

FLOOR_DBFS = -120.0
"""Stands for digital silence, so that no measure is infinite."""
FRAME_SECONDS = 0.02
ACTIVE_MARGIN_DB = 15.9
"""How far below the active speech level speech is still active (ITU-T P.56)."""
SILENCE_BELOW_ACTIVE_DB = 25.0
ABOVE_NOISE_DB = 3.0
SILENT_DBFS = -60.0
DIGITAL_ZERO_DBFS = -90.0
NOISE_PERCENTILE = 10.0
BEST_SNR_DB = 80.0
RAIL, RAIL_RUN = 0.995, 3
FLAT_SHARE, FLAT_RUN, FLAT_PEAK = 0.9, 3, 0.1
BAND_BELOW_PEAK_DB = 70.0
ABOVE_QUANTISATION_DB = 10.0
SPECTRUM_SECONDS = 0.03


@dataclass(frozen=True)
class Measures:
    """Levels in dB relative to full scale; `level_dbfs` is the active speech level, fractions are within 0..1.

    `decay_seconds` is that of `synth_adapter.reverberation`: 0 where it could not be told.
    """

    seconds: float
    peak_dbfs: float
    level_dbfs: float
    clipped_fraction: float
    dc_offset: float
    silence_fraction: float
    snr_db: float
    bandwidth_hz: float
    decay_seconds: float

    @property
    def silent(self) -> bool:
        """Nothing in it is loud enough to be speech."""
        return self.level_dbfs < SILENT_DBFS


def measure(waveform: Waveform) -> Measures:
    samples = waveform.samples.astype(np.float64)
    offset = float(samples.mean()) if len(samples) else 0.0
    levels = _frame_levels(samples, waveform.rate)
    level = _active_level(levels)
    return Measures(
        seconds=waveform.seconds,
        peak_dbfs=_decibels(float(np.max(np.abs(samples), initial=0.0)) ** 2),
        level_dbfs=level,
        clipped_fraction=_clipped_fraction(samples),
        dc_offset=offset,
        silence_fraction=float(np.mean(levels < _threshold(levels, level))) if len(levels) else 1.0,
        snr_db=_signal_to_noise(levels, level),
        bandwidth_hz=_bandwidth(samples - offset, waveform.rate),
        decay_seconds=decay_seconds(waveform),
    )


def silences(waveform: Waveform, *, at_least: float) -> tuple[tuple[float, float], ...]:
    """Stretches without speech of `at_least` this many seconds, as (start, end) in seconds."""
    samples = waveform.samples.astype(np.float64)
    levels = _frame_levels(samples, waveform.rate)
    quiet = levels < _threshold(levels, _active_level(levels))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    starts, ends = edges[::2] * FRAME_SECONDS, np.minimum(edges[1::2] * FRAME_SECONDS, waveform.seconds)
    return tuple((float(start), float(end)) for start, end in zip(starts, ends, strict=True) if end - start >= at_least)


def _decibels(power: float) -> float:
    return max(FLOOR_DBFS, 10.0 * float(np.log10(power))) if power > 0.0 else FLOOR_DBFS


def _frame_levels(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """The level of each 20 ms about its own mean, in dBFS; a shorter rest at the end is measured as what it is."""
    if not len(samples):
        return np.zeros(0)
    starts = np.arange(0, len(samples), max(1, round(FRAME_SECONDS * rate)))
    counts = np.diff(np.append(starts, len(samples)))
    means = np.add.reduceat(samples, starts) / counts
    power = np.add.reduceat(samples**2, starts) / counts - means**2
    levels: NDArray[np.float64] = 10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DBFS / 10.0)))
    return levels


def _mean_level(levels: NDArray[np.float64]) -> float:
    return _decibels(float(np.mean(10.0 ** (levels / 10.0)))) if len(levels) else FLOOR_DBFS


def _active_level(levels: NDArray[np.float64]) -> float:
    """The level of the frames that are within the P.56 margin of that same level."""
    level = _mean_level(levels)
    for _ in range(10):
        found = _mean_level(levels[levels > level - ACTIVE_MARGIN_DB])
        if abs(found - level) < 0.01:  # noqa: PLR2004 - a hundredth of a decibel is nothing
            break
        level = found
    return level


def _noise_level(levels: NDArray[np.float64]) -> float:
    """The level of the quietest tenth, digital zeros apart, because padding says nothing about the room."""
    heard = levels[levels > DIGITAL_ZERO_DBFS]
    if not len(heard):
        return FLOOR_DBFS
    return _mean_level(heard[heard <= np.percentile(heard, NOISE_PERCENTILE)])


def _threshold(levels: NDArray[np.float64], level: float) -> float:
    """Below this a frame holds no speech: well under the speech, a little over the noise."""
    over_noise = min(_noise_level(levels) + ABOVE_NOISE_DB, level - ABOVE_NOISE_DB)
    return max(level - SILENCE_BELOW_ACTIVE_DB, over_noise, SILENT_DBFS - ABOVE_NOISE_DB)


def _signal_to_noise(levels: NDArray[np.float64], level: float) -> float:
    """Speech over noise in dB, 0 where there is no telling them apart."""
    if level <= SILENT_DBFS:
        return 0.0
    noise = 10.0 ** (_noise_level(levels) / 10.0)
    speech = 10.0 ** (level / 10.0) - noise
    return float(np.clip(10.0 * np.log10(speech / noise), 0.0, BEST_SNR_DB)) if speech > noise else 0.0


def _clipped_fraction(samples: NDArray[np.float64]) -> float:
    """Share of samples in runs at full scale, or in flat tops of a signal that was turned down after it clipped."""
    if not len(samples):
        return 0.0
    peak = float(np.max(np.abs(samples)))
    clipped = _in_runs(np.abs(samples) >= RAIL, RAIL_RUN)
    if peak >= FLAT_PEAK:
        high = np.abs(samples) >= FLAT_SHARE * peak
        level = _in_runs((np.diff(samples) == 0.0) & high[1:], FLAT_RUN - 1)
        clipped[1:] |= level
        clipped[:-1] |= level
    return float(np.mean(clipped))


def _in_runs(hits: NDArray[np.bool_], at_least: int) -> NDArray[np.bool_]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], hits, [False])).astype(np.int8)))
    found = np.zeros(len(hits), dtype=np.bool_)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        found[start:end] = end - start >= at_least
    return found


def _bandwidth(samples: NDArray[np.float64], rate: int) -> float:
    """The highest frequency within 70 dB of the spectrum's peak and above what 16 bits add of themselves."""
    length = min(len(samples), round(SPECTRUM_SECONDS * rate))
    if length < 2:  # noqa: PLR2004 - no spectrum of a single sample
        return 0.0
    frequencies, density = welch(samples, fs=rate, window="blackmanharris", nperseg=length, detrend=False)
    quantisation = 2.0**-30 / 12.0 / (rate / 2.0) * 10.0 ** (ABOVE_QUANTISATION_DB / 10.0)
    least = max(float(density.max()) * 10.0 ** (-BAND_BELOW_PEAK_DB / 10.0), quantisation)
    above = np.flatnonzero(density > least)
    return float(frequencies[above[-1]]) if len(above) else 0.0
