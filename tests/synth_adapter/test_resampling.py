import numpy as np
import pytest

from synth_adapter.resampling import Resampler
from synth_adapter.waveform import Waveform


@pytest.mark.parametrize(("source", "target"), [(44_100, 16_000), (16_000, 48_000), (24_000, 16_000), (16_000, 16_000)])
@pytest.mark.parametrize("size", [97, 30_000, 1_000_000])
def test_pieces_of_any_size_are_together_what_the_whole_becomes(source: int, target: int, size: int) -> None:
    samples = (0.1 * np.random.default_rng(5).standard_normal(3 * source + 11)).astype(np.float32)
    resampler = Resampler(source, target)
    given = [resampler.push(samples[start : start + size], last=False) for start in range(0, len(samples), size)]
    streamed = np.concatenate((*given, resampler.push(np.zeros(0, np.float32), last=True)))
    whole = Waveform(samples, source).resampled(target).samples
    assert abs(len(streamed) - len(whole)) <= 1
    shared = min(len(streamed), len(whole))
    assert abs(streamed[:shared] - whole[:shared]).max() < 1e-6
