"""How long a room rings is heard in speech itself, and not taken for noise, level or a codec."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import fftconvolve

from synth_adapter.reverberation import decay_seconds
from synth_adapter.waveform import Waveform

RATE = 16_000
DRY_BELOW, ROOM_FROM = 0.2, 0.2


@pytest.fixture(scope="module")
def utterances(recordings: Callable[[str], Waveform]) -> list[Waveform]:
    names = ("2414-128291-0000", "2609-156975-0000", "3005-163389-0000", "367-130732-0000", "3080-5032-0000")
    return [recordings(f"librispeech_testother/{name}.flac") for name in names]


def in_a_room(sound: Waveform, *, seconds: float, direct_db: float) -> Waveform:
    """Exponentially decaying noise as the tail, the direct sound so far above it."""
    length = round(seconds * sound.rate)
    tail = np.random.default_rng(4).standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail[: round(0.002 * sound.rate)] = 0.0
    tail *= 10.0 ** (-direct_db / 20.0) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    wet = fftconvolve(sound.samples, tail)[: len(sound.samples)]
    return Waveform((wet / np.max(np.abs(wet))).astype(np.float32), sound.rate)


def test_dry_speech_falls_fast_and_a_room_slows_it_the_more_the_longer_it_rings(utterances: list[Waveform]) -> None:
    dry = [decay_seconds(sound) for sound in utterances]
    small = [decay_seconds(in_a_room(sound, seconds=0.5, direct_db=6.0)) for sound in utterances]
    large = [decay_seconds(in_a_room(sound, seconds=1.0, direct_db=0.0)) for sound in utterances]
    assert max(dry) < DRY_BELOW
    assert min(small) > ROOM_FROM
    assert all(one < other < third for one, other, third in zip(dry, small, large, strict=True))


def test_neither_level_nor_rate_matters(utterances: list[Waveform]) -> None:
    sound = utterances[0]
    quieter = Waveform(sound.samples * np.float32(0.1), sound.rate)
    assert decay_seconds(quieter) == pytest.approx(decay_seconds(sound), rel=0.01)
    assert decay_seconds(sound.resampled(48_000)) == pytest.approx(decay_seconds(sound), rel=0.05)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(RATE), np.full(100, 0.1)], ids=["none", "silent", "short"])
def test_where_nothing_falls_there_is_nothing_to_tell(samples: np.ndarray) -> None:
    assert decay_seconds(Waveform(samples.astype(np.float32), RATE)) == 0.0
