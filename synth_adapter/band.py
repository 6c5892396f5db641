"""How wide a band speech fills, as one number for a telephone and for anything wider: what can be heard of a voice.

A telephone cuts off both ends, and without the lower one a voice is harder to tell from others. People's voices begin
at 200 Hz or below; what a band lacks above that counts in octaves, as it would at the upper end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth_adapter.measures import measure
from synth_adapter.waveform import Waveform

RATE = 4_000
"""Enough for what is looked at."""
LOWEST_HZ = 200.0
THIRD_OCTAVES_HZ = (LOWEST_HZ, 250.0, 315.0, 400.0, 500.0, 630.0, 800.0, 1_000.0)
CUT_FROM = 3
"""Places in the list above: a cut is looked for below 400 Hz, and measured against what is loudest from there up."""
CUT_DB = 25.0
"""A voice of 300 Hz lacks less than this about 200 Hz, to which its pitch falls; a telephone lacks about 40."""
FRAME_SECONDS = 0.064
LOUD_QUANTILE, SPOKEN_BELOW_LOUD = 0.95, 1e-3
TINY = 1e-20


def speech_band_hz(waveform: Waveform) -> float:
    """The upper edge of a band from 200 Hz with as many octaves as this speech fills: about 2,900 by telephone."""
    return measure(waveform).bandwidth_hz * (LOWEST_HZ / lower_edge_hz(waveform))


def lower_edge_hz(waveform: Waveform) -> float:
    """Where the speech begins, 200 to 400 Hz: going down, where the first third of an octave lacks it.

    Hum below such a gap is no speech. What is too short or too silent to tell counts as not cut.
    """
    levels = _third_octaves(waveform)
    if levels is None:
        return LOWEST_HZ
    over = levels - levels[CUT_FROM:].max() + CUT_DB
    for place in reversed(range(CUT_FROM)):
        if over[place] < 0.0:
            ends = np.log2(THIRD_OCTAVES_HZ[place : place + 2])
            return float(2.0 ** np.interp(0.0, [over[place], max(0.0, over[place + 1])], ends))
    return LOWEST_HZ


def _third_octaves(waveform: Waveform) -> NDArray[np.float64] | None:
    """The mean level of every third of an octave in dB, over the frames in which somebody speaks."""
    if waveform.rate < RATE or len(waveform.samples) < FRAME_SECONDS * waveform.rate:
        return None
    samples = waveform.resampled(RATE).samples.astype(np.float64)
    length = min(round(FRAME_SECONDS * RATE), len(samples))
    frames = np.lib.stride_tricks.sliding_window_view(samples - samples.mean(), length)[:: length // 2]
    power = np.abs(np.fft.rfft(frames * np.hanning(length), axis=1)) ** 2
    loudness = power.sum(axis=1)
    loud = float(np.quantile(loudness, LOUD_QUANTILE))
    if loud <= TINY:
        return None
    spoken = power[loudness >= SPOKEN_BELOW_LOUD * loud].mean(axis=0)
    hertz, sixth = np.fft.rfftfreq(length, 1.0 / RATE), 2.0 ** (1.0 / 6.0)
    inside = [(hertz >= centre / sixth) & (hertz < centre * sixth) for centre in THIRD_OCTAVES_HZ]
    return np.array([10.0 * np.log10(max(TINY, float(spoken[bins].mean()))) for bins in inside])
