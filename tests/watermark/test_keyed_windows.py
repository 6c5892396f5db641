"""Windows cover a sound of any length, answer for every row once, and give the spectra of the whole."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from synth_adapter.waveform import Waveform
from watermark.keyed.features import powers
from watermark.keyed.windows import Windows

RATE = 16_000


def hiss(seconds: float) -> Waveform:
    draw = np.random.default_rng(1)
    return Waveform((0.1 * draw.standard_normal(round(seconds * RATE))).astype(np.float32), RATE)


@pytest.mark.parametrize(("seconds", "count"), [(0.02, 1), (3.0, 1), (11.9, 1), (15.0, 2), (61.3, 9)])
def test_cores_follow_one_another_from_beginning_to_end(seconds: float, count: int) -> None:
    windows = Windows(hiss(seconds), seconds=8.0, overlap=1.0)
    cores = [window.core for window in windows.all]
    assert len(cores) == count
    assert (cores[0][0], cores[-1][1]) == (0, windows.rows)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(cores))
    assert all(window.start <= window.core[0] < window.core[1] <= window.end for window in windows.all)


def test_the_spectra_of_a_window_are_those_of_the_whole_sound() -> None:
    sound = hiss(20.0)
    windows = Windows(sound, seconds=8.0, overlap=1.0)
    window = windows.all[1]
    assert np.allclose(windows.power(window), powers(sound)[window.start : window.end], rtol=1e-4, atol=1e-6)


def test_what_is_silent_is_not_searched() -> None:
    sound = Waveform(np.concatenate((hiss(10.0).samples, np.zeros(20 * RATE, np.float32))), RATE)
    lively = [window.lively for window in Windows(sound, seconds=8.0, overlap=1.0).all]
    assert lively[:2] == [True, True]
    assert not any(lively[2:])
