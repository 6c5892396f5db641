"""A marked sound names its clip after cuts, speeds and codecs; no other key and no unmarked sound ever does."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from scipy.signal import lfilter

from bench.mark.attacks import attacked
from synth_adapter.waveform import Waveform
from tests.corpus import speech_of
from watermark.errors import MarkError
from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.detection import hear, name, read_short_id
from watermark.keyed.embedding import embed
from watermark.keyed.matching import CodeBook

KEYS = ClipKeys(b"of an organisation", pilots=PilotKeys(b"of the platform's epoch"))
WRONG = ClipKeys(b"of another organisation", pilots=PilotKeys(b"of the platform's next epoch"))
CLIPS = [(b"clip %d" % number, bytes(32)) for number in range(500)]
BOOK, WRONG_BOOK = CodeBook.of(KEYS, CLIPS), CodeBook.of(WRONG, CLIPS)
MINE = 42
EVIDENCE = -6.0


def babble(seconds: float, *, rate: int = 16_000) -> Waveform:
    """Noise shaped and interrupted roughly like speech."""
    draw = np.random.default_rng(5)
    count = round(seconds * rate)
    noise = lfilter([1.0], [1.0, -0.9], draw.standard_normal(count))
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 4.0 * np.arange(count) / rate)
    return Waveform((0.02 * noise * swell).astype(np.float32), rate)


@pytest.fixture(scope="module")
def speech() -> Waveform:
    samples, rate = soundfile.read(io.BytesIO(speech_of("libri_1034")[0]), dtype="float32")
    return Waveform(samples, rate).resampled(16_000)


def marked(sound: Waveform) -> Waveform:
    return embed(sound, KEYS.pattern(CLIPS[MINE][0], content=CLIPS[MINE][1]))


def named(sound: Waveform) -> tuple[int, bool]:
    """Which clip is named, and whether there is evidence."""
    best = name(hear(sound, KEYS.pilots), BOOK)
    assert best is not None
    return best.match.place, best.log10_p < EVIDENCE


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_a_marked_sound_of_any_rate_names_its_clip(rate: int) -> None:
    assert named(marked(babble(2.5, rate=rate))) == (MINE, True)


def test_two_seconds_of_speech_are_enough(speech: Waveform) -> None:
    assert named(marked(speech.cut(0.5, 2.5))) == (MINE, True)


@pytest.mark.parametrize("attack", ["cut 25 %", "speed 0.9", "speed 1.1", "stretch 1.1", "pitch +2", "mp3 32k", "g711"])
def test_three_seconds_of_speech_name_their_clip_after(attack: str, speech: Waveform) -> None:
    assert named(attacked(marked(speech.cut(0.5, 3.5)), attack)) == (MINE, True)


def test_evidence_grows_with_length(speech: Waveform) -> None:
    found = [name(hear(marked(speech).cut(0.0, seconds), KEYS.pilots), BOOK) for seconds in (2.0, 7.0)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[1].log10_p < 1.5 * found[0].log10_p < 0


def test_the_short_id_is_read_without_a_registry(speech: Waveform) -> None:
    reading = read_short_id(hear(marked(speech.cut(0.5, 4.5)), KEYS.pilots), KEYS.pilots)
    assert reading is not None
    assert reading.short_id == KEYS.short_id(CLIPS[MINE][0])
    assert reading.log10_p < EVIDENCE


def test_the_wrong_key_finds_nothing() -> None:
    heard = hear(marked(babble(3.0)), WRONG.pilots)
    best, reading = name(heard, WRONG_BOOK), read_short_id(heard, WRONG.pilots)
    assert best is not None
    assert best.log10_p > -2.0
    assert reading is None or reading.log10_p > -2.0


def test_the_clips_of_another_organisation_of_the_epoch_are_not_named() -> None:
    """The pilots are shared: the search succeeds, and only the right organisation's codes fit."""
    other = ClipKeys(b"of another organisation", pilots=KEYS.pilots)
    best = name(hear(marked(babble(3.0)), KEYS.pilots), CodeBook.of(other, CLIPS))
    assert best is not None
    assert best.log10_p > -2.0


def test_an_unmarked_sound_names_nothing(speech: Waveform) -> None:
    best = name(hear(speech.cut(0.5, 3.5), KEYS.pilots), BOOK)
    assert best is not None
    assert best.log10_p > -2.0


def test_a_pilot_alone_is_no_evidence() -> None:
    """Someone who has learnt the pilots writes one into a sound, with random signs elsewhere."""
    pattern = np.random.default_rng(6).choice(np.array([-1, 1], np.int8), (16, 64, 44))
    pilot = KEYS.pilots.pilots[3]
    pattern[:, pilot != 0] = pilot[pilot != 0]
    heard = hear(embed(babble(3.0), pattern.reshape(1_024, 44)), KEYS.pilots)
    best = name(heard, BOOK)
    assert heard[0].alignment.z > 10
    assert best is not None
    assert best.log10_p > -2.0


def test_an_empty_book_names_nobody() -> None:
    assert name(hear(babble(2.0), KEYS.pilots), CodeBook.of(KEYS, [])) is None


def test_digital_silence_names_nothing() -> None:
    best = name(hear(Waveform(np.zeros(48_000, np.float32), 16_000), KEYS.pilots), BOOK)
    assert best is None or best.log10_p == 0.0


def test_less_than_a_second_is_refused() -> None:
    with pytest.raises(MarkError, match="needs at least one second"):
        hear(babble(0.9), KEYS.pilots)
