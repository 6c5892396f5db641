"""A stretch whose mark would drown in noise gets more, one with plenty to spare gets less, never beyond the limits."""

from __future__ import annotations

import numpy as np
import pytest

from synth_adapter.waveform import Waveform
from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.embedding import embed
from watermark.keyed.strength import LEAST, MOST, needed

PATTERN = ClipKeys(b"of an organisation", pilots=PilotKeys(b"of the platform's epoch")).pattern(
    b"a clip", content=bytes(32)
)
RATE = 16_000


def hiss(seconds: float, *, rate: int = RATE) -> np.ndarray:
    return 0.05 * np.random.default_rng(4).standard_normal(round(seconds * rate))


def strength_for(samples: np.ndarray, *, rate: int = RATE) -> float:
    sound = Waveform(samples.astype(np.float32), rate)
    return needed(lambda strength: embed(sound, PATTERN, strength=strength).samples, PATTERN, rate=rate)


def test_steady_sound_above_the_noise_gets_little() -> None:
    assert LEAST <= strength_for(hiss(3.0)) < 0.7


def test_the_more_of_the_mark_drowns_the_more_it_gets() -> None:
    """A hum below the marked bands raises the noise, which is counted from the level of the whole."""
    hum = np.sin(2 * np.pi * 120 * np.arange(3 * RATE) / RATE)
    found = [strength_for(hiss(3.0) + level * hum) for level in (0.05, 0.7, 5.0)]
    assert found[0] < 0.7 < found[1] < found[2] == MOST


def test_digital_silence_and_hardly_any_sound_are_taken() -> None:
    assert strength_for(np.zeros(RATE)) == LEAST
    assert LEAST <= strength_for(np.full(95, 0.1)) <= MOST


@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_every_rate_is_taken(rate: int) -> None:
    assert LEAST <= strength_for(hiss(1.5, rate=rate), rate=rate) <= MOST
