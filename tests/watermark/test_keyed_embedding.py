"""The mark keeps the length exactly, and piecewise marking equals marking the whole."""

from __future__ import annotations

import numpy as np
import pytest

from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.keyed.codes import EpochKeys
from watermark.keyed.embedding import Embedder, embed

PATTERN = EpochKeys(b"a secret of some epoch").pattern(b"a clip")


def hiss(seconds: float, *, rate: int) -> Waveform:
    draw = np.random.default_rng(rate)
    return Waveform((0.1 * draw.standard_normal(round(seconds * rate))).astype(np.float32), rate)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_length_and_rate_are_kept(rate: int) -> None:
    sound = hiss(2.0173, rate=rate)
    marked = embed(sound, PATTERN)
    assert (len(marked.samples), marked.rate) == (len(sound.samples), rate)
    assert not np.array_equal(marked.samples, sound.samples)


@pytest.mark.parametrize("length", [0, 1, 95, 384, 385])
def test_very_short_sound_keeps_its_length(length: int) -> None:
    sound = Waveform(np.full(length, 0.1, np.float32), 16_000)
    assert len(embed(sound, PATTERN).samples) == length


@pytest.mark.parametrize("piece", [1, 97, 4_000])
def test_pieces_together_equal_the_whole(piece: int) -> None:
    sound = hiss(0.5, rate=16_000)
    marker = Embedder(PATTERN, rate=16_000)
    pieces = [marker.push(sound.samples[at : at + piece]) for at in range(0, len(sound.samples), piece)]
    whole = embed(sound, PATTERN).samples
    assert np.allclose(np.concatenate([*pieces, marker.finish()]), whole, atol=1e-7)


def test_memory_does_not_grow_with_length() -> None:
    marker = Embedder(PATTERN, rate=16_000)
    sound = hiss(1.0, rate=16_000).samples
    sent = sum(len(marker.push(sound)) for _ in range(30))
    assert 30 * len(sound) - sent < 0.03 * 16_000
    assert len(marker._waiting) + len(marker._tail) < 0.06 * 16_000


def test_without_strength_nothing_changes() -> None:
    sound = hiss(1.0, rate=16_000)
    assert np.array_equal(embed(sound, PATTERN, strength=0.0).samples, sound.samples)


def test_the_mark_stays_within_its_decibels() -> None:
    sound = hiss(2.0, rate=16_000)
    change = embed(sound, PATTERN).samples - sound.samples
    assert 10 * np.log10(np.sum(change**2) / np.sum(sound.samples**2)) < -8.0


def test_rates_and_patterns_out_of_range_are_refused() -> None:
    with pytest.raises(MarkError, match="8 to 48 kHz"):
        Embedder(PATTERN, rate=4_000)
    with pytest.raises(MarkError, match="shape"):
        Embedder(PATTERN[:10], rate=16_000)
