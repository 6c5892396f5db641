"""Sound that went through a codec is as long as it was, in step with it, and not the same."""

from __future__ import annotations

import numpy as np
import pytest

from synth_adapter.lossy import RATE, Codec, coded
from synth_adapter.waveform import Waveform


def chirp(rate: int) -> Waveform:
    times = np.arange(round(1.3 * rate)) / rate
    return Waveform((0.3 * np.sin(2 * np.pi * (300 + 400 * times) * times)).astype(np.float32), rate)


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize(("codec", "bits"), [("libopus", 12_000), ("libmp3lame", 32_000)])
def test_it_is_as_long_and_in_step(codec: Codec, bits: int, rate: int) -> None:
    before = chirp(rate).resampled(RATE)
    after = coded(chirp(rate), codec=codec, bits=bits)
    assert (after.rate, len(after.samples)) == (RATE, len(before.samples))
    assert not np.array_equal(after.samples, before.samples)
    lags = range(-40, 41)
    alike = [float(np.dot(before.samples[400:-400], np.roll(after.samples, lag)[400:-400])) for lag in lags]
    assert abs(lags[int(np.argmax(alike))]) <= 2
