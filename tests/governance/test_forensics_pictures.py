from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from governance.forensics import pictures
from synth_adapter.waveform import Waveform

RATE = 16_000


def tone(frequency: float, seconds: float = 1.0) -> Waveform:
    ticks = np.arange(round(seconds * RATE), dtype=np.float32) / RATE
    return Waveform((0.5 * np.sin(2 * np.pi * frequency * ticks)).astype(np.float32), RATE)


def drawn(waveform: Waveform) -> np.ndarray:
    with Image.open(BytesIO(pictures.spectrogram(waveform, width=200, height=100))) as image:
        image.verify()
    with Image.open(BytesIO(pictures.spectrogram(waveform, width=200, height=100))) as image:
        assert (image.format, image.size) == ("PNG", (200, 100))
        return np.asarray(image.convert("L"), dtype=float)


@pytest.mark.parametrize("frequency", [1_000.0, 4_000.0, 7_000.0])
def test_a_tone_is_a_bright_line_at_its_height(frequency: float) -> None:
    brightness = drawn(tone(frequency)).mean(axis=1)
    expected = (1.0 - frequency / (RATE / 2)) * 99
    assert abs(int(brightness.argmax()) - expected) <= 1


def test_time_goes_to_the_right() -> None:
    silence = np.zeros(RATE, np.float32)
    levels = drawn(Waveform(np.concatenate([silence, tone(2_000.0).samples]), RATE)).mean(axis=0)
    assert levels[:90].max() < levels[110:].min()


def test_silence_is_dark_and_a_single_sample_can_be_drawn() -> None:
    assert drawn(Waveform(np.zeros(RATE, np.float32), RATE)).max() < 20
    assert drawn(Waveform(np.ones(1, np.float32), RATE)).shape == (100, 200)


def test_peaks_are_the_extremes_of_each_stretch() -> None:
    samples = np.array([0.0, 0.5, -0.25, 0.1234, -1.0, 1.0], np.float32)
    assert pictures.peaks(Waveform(samples, RATE), pairs=3) == [[0.0, 0.5], [-0.25, 0.123], [-1.0, 1.0]]


def test_no_peak_is_lost_however_few_pairs_there_are() -> None:
    samples = np.zeros(100_003, np.float32)
    samples[77_777] = 0.9
    pairs = pictures.peaks(Waveform(samples, RATE))
    assert len(pairs) == 600
    assert max(high for _, high in pairs) == pytest.approx(0.9)
    assert pictures.peaks(Waveform(np.zeros(0, np.float32), RATE)) == []
    assert len(pictures.peaks(Waveform(np.zeros(7, np.float32), RATE))) == 7
