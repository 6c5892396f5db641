from __future__ import annotations

import numpy as np
import pytest

from bench.mark import attacks, damage
from synth_adapter.waveform import Waveform

RATE = 16_000


@pytest.fixture(scope="module")
def sound() -> Waveform:
    """Two seconds of a moving tone in syllables at 24 kHz."""
    times = np.arange(48_000) / 24_000
    turns = 2 * np.pi * np.cumsum(150 + 40 * np.sin(2 * np.pi * times)) / 24_000
    voice = sum(np.sin(k * turns) / k for k in range(1, 20)) * np.abs(np.sin(2 * np.pi * 2.3 * times))
    return Waveform((0.2 * voice).astype(np.float32), 24_000)


@pytest.mark.parametrize("name", [n for n in attacks.SINGLE if n not in attacks.NEEDED and "babble" not in n])
def test_every_attack_leaves_sound_of_the_length_it_should(sound: Waveform, name: str) -> None:
    lengths = {"cut 10 %": 1.8, "cut 25 %": 1.5, "cut 50 %": 1.0, "cut in the middle": 1.7, "random offset": None}
    lengths |= {"speed 0.9": 2 / 0.9, "speed 1.1": 2 / 1.1, "stretch 0.9": 2 / 0.9, "stretch 1.1": 2 / 1.1}
    found = attacks.attacked(sound, name)
    assert np.std(found.samples) > 0.01
    wanted = lengths.get(name, 2.0)
    if wanted is None:
        assert 1.5 <= found.seconds < 2.0
    else:
        assert found.seconds == pytest.approx(wanted, abs=0.13)


def test_nothing_done_leaves_the_sound_at_its_own_rate_and_two_attacks_follow_one_another(sound: Waveform) -> None:
    assert attacks.attacked(sound, "none") is sound
    twice = attacks.attacked(sound, "cut 25 %, then speed 0.9")
    assert twice.rate == RATE
    assert twice.seconds == pytest.approx(1.5 / 0.9, abs=0.01)


def test_noise_lies_as_far_below_as_it_says(sound: Waveform) -> None:
    samples = sound.resampled(RATE).samples.astype(np.float64)
    noise = damage.white(samples, decibels=20) - samples
    assert 10 * np.log10(np.mean(samples**2) / np.mean(noise**2)) == pytest.approx(20, abs=0.1)


def test_compression_brings_loud_and_quiet_nearer_each_other() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    pressed = damage.pressed(np.concatenate((0.5 * tone, 0.05 * tone)))
    before, after = 10.0, np.std(pressed[RATE // 2 : RATE]) / np.std(pressed[3 * RATE // 2 :])
    assert 1.5 < after < before / 2


def test_eight_bits_leave_no_more_than_255_levels(sound: Waveform) -> None:
    assert len(np.unique(attacks.attacked(sound, "8 bit").samples)) <= 255


def test_a_cut_inside_joins_what_was_apart() -> None:
    ramp = np.arange(RATE, dtype=np.float64)
    joined = damage.cut_inside(ramp, seconds=0.25)
    assert len(joined) == RATE - RATE // 4
    assert np.count_nonzero(np.diff(joined) != 1) == 1
