from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.spoofing.aasist import prepared
from bench.spoofing.aasist_network import SAMPLES, Aasist, sinc_filters
from synth_adapter.waveform import Waveform

PUBLISHED_PARAMETERS = 297_866


def test_the_network_has_as_many_parameters_as_the_published_one() -> None:
    assert sum(values.numel() for values in Aasist().parameters()) == PUBLISHED_PARAMETERS


def test_it_hears_four_seconds_and_answers_with_160_numbers_and_two_scores() -> None:
    with torch.inference_mode():
        hidden, scores = Aasist().eval()(torch.randn(2, SAMPLES))
    assert (hidden.shape, scores.shape) == ((2, 160), (2, 2))


def test_its_filters_pass_their_own_band_alone() -> None:
    tone = torch.cos(2 * torch.pi * 1_000 * torch.arange(4_000) / 16_000)
    heard = torch.nn.functional.conv1d(tone[None, None], sinc_filters()).abs().amax(dim=2)[0]
    edges = 700 * (10 ** (np.linspace(0, 2_595 * np.log10(1 + 8_000 / 700), 71) / 2_595) - 1)
    assert int(heard.argmax()) == int(np.searchsorted(edges, 1_000.0)) - 1


@pytest.mark.parametrize("gain", [0.01, 1.0])
def test_a_short_sound_is_tiled_at_one_level(gain: float) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)
    samples = prepared(Waveform(gain * sound, 16_000))
    assert samples.shape == (SAMPLES,)
    assert samples[16_000:32_000] == pytest.approx(samples[:16_000])
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.05, rel=0.02)
