"""How long a room rings after speech, estimated from the speech alone: how fast its levels can fall at all.

The distribution of decay rates of speech tells the room (Wen, Habets and Naylor 2008): a room lets no level fall
faster than it rings, so the fastest falls are what a dry recording has and a reverberant one has not. Measured on 233
bona fide recordings of the speech corpus at 16 kHz and above: dry 0.12 s (95 % within 0.16 s, 99 % within 0.19 s); in a
simulated room of 0.5 s reverberation time, the direct sound 6 dB over the tail, 0.22 s (95 % from 0.20 s on); the best
limit between the two errs in 0.9 %. Worse rooms measure more (0.5 s and 0 dB: 0.28 s; 1 s and 0 dB: 0.34 s). Noise
hides fast falls: 0.15 s at 20 dB, 0.21 s at 10 dB of signal to noise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from synth_adapter.waveform import Waveform

BANDS_HZ = ((250, 500), (500, 1_000), (1_000, 2_000), (2_000, 3_400))
FRAME_SECONDS = 0.005
SMOOTHED_FRAMES = 4
FALL_FRAMES = 8
NOISE_PERCENTILE = 10.0
LOUD_PERCENTILE = 95.0
BELOW_LOUD_DB = 20.0
ABOVE_NOISE_DB = 3.0
FASTEST_PERCENT = 10.0
LEAST_FALLS, LEAST_BANDS = 20, 2
SILENT_BELOW_PEAK, FLOOR_BELOW_PEAK = 1e-7, 1e-10


def decay_seconds(waveform: Waveform) -> float:
    """Seconds in which the fastest tenth of falls would take the level down by 60 dB; 0 where too few falls are heard.

    No reverberation time: dry speech itself has some 0.12 s, and the measure grows with the room and the distance.
    """
    samples = waveform.samples.astype(np.float64)
    steepest = [
        float(np.percentile(falls, FASTEST_PERCENT))
        for power in _band_powers(samples, waveform.rate)
        if len(falls := _falls(power)) >= LEAST_FALLS
    ]
    return -60.0 / float(np.mean(steepest)) if len(steepest) >= LEAST_BANDS else 0.0


def _band_powers(samples: NDArray[np.float64], rate: int) -> Iterator[NDArray[np.float64]]:
    """The power in each band, one value every 5 ms, smoothed over 20 ms."""
    step = max(1, round(FRAME_SECONDS * rate))
    count = len(samples) // step
    for low, high in BANDS_HZ:
        if count > FALL_FRAMES and high < rate / 2:
            band = sosfilt(butter(2, [low, high], "bandpass", fs=rate, output="sos"), samples)
            power = (band[: count * step] ** 2).reshape(count, step).mean(axis=1)
            yield np.convolve(power, np.ones(SMOOTHED_FRAMES) / SMOOTHED_FRAMES, "same")


def _falls(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """The slopes in dB per second over every 40 ms in which the level falls, from loud speech, and stays over noise."""
    peak = float(np.max(power))
    if peak <= 0.0:
        return np.zeros(0)
    noise = float(np.percentile(power[power > SILENT_BELOW_PEAK * peak], NOISE_PERCENTILE))
    levels = 10.0 * np.log10(np.maximum(power - noise, FLOOR_BELOW_PEAK * peak))
    times = FRAME_SECONDS * (np.arange(FALL_FRAMES) - (FALL_FRAMES - 1) / 2)
    stretches = np.lib.stride_tricks.sliding_window_view(levels, FALL_FRAMES)
    quietest = np.lib.stride_tricks.sliding_window_view(power, FALL_FRAMES).min(axis=1)
    slopes: NDArray[np.float64] = stretches @ times / float(times @ times)
    loud = stretches[:, 0] > np.percentile(levels, LOUD_PERCENTILE) - BELOW_LOUD_DB
    falls: NDArray[np.float64] = slopes[loud & (quietest > noise * 10.0 ** (ABOVE_NOISE_DB / 10.0)) & (slopes < 0.0)]
    return falls
