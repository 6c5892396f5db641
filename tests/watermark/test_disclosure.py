"""What a clip says in the open: tags that name no person, and a sign that is heard before the speech."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from synth_adapter.waveform import Waveform
from tenancy.ids import new_id
from watermark import disclosure
from watermark.disclosure import with_rhythm, with_words

RATE = 16_000


def _speech(level: float = 0.1) -> Waveform:
    return Waveform(np.random.default_rng(4).normal(0, level, RATE * 2).astype(np.float32), RATE)


def _level(samples: np.ndarray) -> float:
    return float(np.sqrt((samples.astype(np.float64) ** 2).mean()))


def test_the_tags_say_synthetic_in_words_and_in_iptcs_code() -> None:
    clip_id = new_id()
    tags = disclosure.tags(clip_id=clip_id, made_at=datetime(2026, 11, 21, tzinfo=UTC), language="en", title="Clip")
    assert tags == {
        "title": "Clip",
        "artist": "Vivavoce",
        "comment": "This speech is synthetic: a machine made it.",
        "date": "2026-11-21",
        "language": "en",
        "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "clip": str(clip_id),
    }


def test_the_rhythm_is_short_long_short_short_and_the_speech_follows_unchanged() -> None:
    speech = _speech()
    said = with_rhythm(speech)
    assert np.array_equal(said.samples[-len(speech.samples) :], speech.samples)
    sign = said.samples[: len(said.samples) - len(speech.samples)]
    sounding = np.abs(sign.reshape(-1, RATE // 100)).max(axis=1) > 0.01  # each hundredth of a second
    edges = np.flatnonzero(np.diff(np.concatenate([[False], sounding, [False]]).astype(int)))
    lengths = (edges[1::2] - edges[::2]) / 100
    assert lengths.tolist() == pytest.approx([0.1, 0.3, 0.1, 0.1], abs=0.02)


@pytest.mark.parametrize("level", [0.0, 0.001, 0.1, 0.9])
def test_the_rhythm_is_heard_beside_any_speech_and_never_clipped(level: float) -> None:
    speech = _speech(level)
    sign = with_rhythm(speech).samples[: RATE // 10]
    assert 0.9 * max(0.02, min(_level(speech.samples), 0.7)) < _level(sign[200:-200])
    assert np.abs(sign).max() <= 1.0


def test_spoken_words_come_first_at_the_rate_of_the_speech() -> None:
    speech, notice = _speech(), Waveform(np.full(24_000, 0.5, dtype=np.float32), 24_000)
    said = with_words(speech, notice)
    assert (said.rate, len(said.samples)) == (RATE, RATE + round(0.4 * RATE) + len(speech.samples))
    assert np.array_equal(said.samples[-len(speech.samples) :], speech.samples)


@pytest.mark.parametrize(("level", "expected"), [(0.05, 0.05), (0.001, 0.02), (0.2, 0.2)])
def test_spoken_words_are_as_loud_as_the_speech(level: float, expected: float) -> None:
    notice = Waveform(np.random.default_rng(5).normal(0, 0.1, RATE).astype(np.float32), RATE)
    said = with_words(_speech(level), notice)
    assert _level(said.samples[:RATE]) == pytest.approx(expected, rel=0.05)


def test_spoken_words_are_never_clipped() -> None:
    peaky = np.zeros(RATE, dtype=np.float32)
    peaky[::400] = 1.0
    said = with_words(_speech(0.3), Waveform(peaky, RATE))
    assert np.abs(said.samples[:RATE]).max() == pytest.approx(1.0)
