"""The mark keeps the length exactly, and piecewise marking equals marking the whole."""

from __future__ import annotations

import numpy as np
import pytest

from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.embedding import STRETCH_CHIPS, Embedder, embed
from watermark.keyed.grid import CHIP_SECONDS

KEYS = ClipKeys(b"of an organisation", pilots=PilotKeys(b"of the platform's epoch"))
PATTERN = KEYS.pattern(b"a clip", content=bytes(32))
STRETCH = STRETCH_CHIPS * CHIP_SECONDS


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


@pytest.mark.parametrize("strength", [None, 1.0])
@pytest.mark.parametrize(("piece", "seconds"), [(1, 0.3), (97, 0.5), (4_000, 7.0)])
def test_pieces_together_equal_the_whole(piece: int, seconds: float, strength: float | None) -> None:
    sound = hiss(seconds, rate=16_000)
    marker = Embedder(PATTERN, rate=16_000, strength=strength)
    pieces = [marker.push(sound.samples[at : at + piece]) for at in range(0, len(sound.samples), piece)]
    whole = embed(sound, PATTERN, strength=strength).samples
    assert np.allclose(np.concatenate([*pieces, marker.finish()]), whole, atol=1e-7)


@pytest.mark.parametrize(("strength", "most_seconds"), [(None, 3.2), (1.0, 0.03)])
def test_what_is_held_back_does_not_grow_with_length(strength: float | None, most_seconds: float) -> None:
    marker = Embedder(PATTERN, rate=8_000, strength=strength)
    sound = hiss(1.0, rate=8_000).samples
    sent = 0
    for second in range(1, 31):
        sent += len(marker.push(sound))
        assert second * len(sound) - sent < most_seconds * 8_000


def test_every_stretch_gets_the_strength_it_needs() -> None:
    """A hum under the second of two stretches raises the noise that the mark there has to outlast."""
    sound = hiss(2 * STRETCH, rate=16_000).samples
    half = len(sound) // 2
    hum = 5.0 * np.sin(2 * np.pi * 120 * np.arange(len(sound)) / 16_000) * (np.arange(len(sound)) >= half)
    samples = (sound + hum).astype(np.float32)
    change = (embed(Waveform(samples, 16_000), PATTERN).samples - samples).astype(np.float64)
    first, second = (np.sum(change[part] ** 2) for part in (slice(half - 800), slice(half + 800, None)))
    assert second > 1.5 * first


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
