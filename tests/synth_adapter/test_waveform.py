import numpy as np
import pytest

from synth_adapter.errors import WaveformError
from synth_adapter.waveform import Waveform


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros((2, 4), dtype=np.float32), 16_000),
        (np.zeros(4, dtype=np.float64), 16_000),
        (np.zeros(4, dtype=np.int16), 16_000),
        (np.zeros(4, dtype=np.float32), 0),
        (np.zeros(4, dtype=np.float32), -8_000),
        (np.array([0.0, np.nan], dtype=np.float32), 16_000),
        (np.array([0.0, np.inf], dtype=np.float32), 16_000),
    ],
)
def test_what_is_not_mono_float32_at_a_positive_rate_is_refused(samples: np.ndarray, rate: int) -> None:
    with pytest.raises(WaveformError):
        Waveform(samples, rate)


def test_its_duration_follows_from_samples_and_rate() -> None:
    assert Waveform(np.zeros(12_000, dtype=np.float32), 8_000).seconds == 1.5


def test_resampling_keeps_a_tone_and_its_duration() -> None:
    time = np.arange(48_000) / 48_000
    tone = Waveform((0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32), 48_000)
    lower = tone.resampled(16_000)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert (lower.rate, len(lower.samples)) == (16_000, 16_000)
    assert np.abs(lower.samples[500:-500] - expected[500:-500]).max() < 1e-3


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    waveform = Waveform(np.ones(10, dtype=np.float32), 16_000)
    assert waveform.resampled(16_000) is waveform


def test_a_cut_is_clamped_to_what_is_there() -> None:
    waveform = Waveform(np.arange(10, dtype=np.float32) / 10, 10)
    assert waveform.cut(-1.0, 0.3).samples.tolist() == waveform.samples[:3].tolist()
    assert waveform.cut(0.8, 9.0).samples.tolist() == waveform.samples[8:].tolist()
    assert waveform.cut(0.5, 0.2).seconds == 0.0
