from __future__ import annotations

import numpy as np
import pytest

from safety.spoofing.signs import ceiling_hz, digital_silence_seconds, signs
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tests.cast import AMARA_SPEECH
from tests.corpus import speech_of


@pytest.fixture(scope="module")
def amara() -> Waveform:
    return decode(speech_of(AMARA_SPEECH)[9]).waveform


def kinds(sound: Waveform) -> list[str]:
    return [sign.kind for sign in signs(sound)]


def test_a_plain_recording_bears_no_sign(amara: Waveform) -> None:
    assert kinds(amara) == []


def test_a_pause_of_perfect_silence_is_a_sign_but_not_before_or_after_the_speech(amara: Waveform) -> None:
    pause = np.zeros(amara.rate // 2, np.float32)
    half = len(amara.samples) // 2
    within = Waveform(np.concatenate([amara.samples[:half], pause, amara.samples[half:]]), amara.rate)
    around = Waveform(np.concatenate([pause, amara.samples, pause]), amara.rate)
    assert digital_silence_seconds(within) == pytest.approx(0.5, abs=0.01)
    assert kinds(within) == ["digital-silence"]
    assert kinds(around) == []


def test_a_band_that_ends_at_half_a_synthesisers_rate_is_a_sign() -> None:
    noise = Waveform(np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32), 16_000)
    raised = noise.resampled(48_000)
    assert (ceiling_hz(noise), ceiling_hz(raised)) == (None, 8_000.0)
    (sign,) = signs(raised)
    assert (sign.kind, sign.measured) == ("bandwidth-ceiling", {"ceiling_hz": 8_000.0, "sample_rate_hz": 48_000.0})


def test_the_same_stretch_twice_is_a_sign(amara: Waveform) -> None:
    assert kinds(Waveform(np.concatenate([amara.samples, amara.samples]), amara.rate)) == ["repeated-take"]


@pytest.mark.parametrize("length", [0, 1, 100])
def test_next_to_nothing_bears_no_sign(length: int) -> None:
    assert kinds(Waveform(np.zeros(length, np.float32), 16_000)) == []
