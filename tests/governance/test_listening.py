from __future__ import annotations

from math import comb

import numpy as np
import pytest

from governance import listening
from governance.listening import SENTENCES, STRENGTHS, TRIALS, Test, by_guessing, sound_file
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform

LOUDEST_DIFFERENCE_DB = -10.0


def run(*, sound: str = "bridge", strength: str = "shipped") -> Test:
    return Test.begin(sound=sound, strength=strength)


def plain(name: str) -> Waveform:
    return decode(sound_file(name).read_bytes()).waveform


def distance_db(one: Waveform, other: Waveform) -> float:
    """Energy of the difference against that of the first, in decibels."""
    difference = one.samples - other.samples
    return float(10 * np.log10(np.mean(difference**2) / np.mean(one.samples**2)))


@pytest.mark.parametrize("name", SENTENCES)
def test_each_sentence_is_short_mono_speech_in_a_small_file(name: str) -> None:
    sound = plain(name)
    assert sound.rate == 24_000
    assert 3 <= sound.seconds <= 5
    assert sound_file(name).stat().st_size < 150_000


def test_a_is_the_sentence_b_is_marked_and_x_is_one_of_them() -> None:
    test = run()
    a, b, x = (test.heard(which, trial=0) for which in ("a", "b", "x"))
    assert distance_db(plain("bridge"), a) < -60
    assert -40 < distance_db(plain("bridge"), b) < LOUDEST_DIFFERENCE_DB
    nearer = "a" if distance_db(a, x) < distance_db(b, x) else "b"
    assert nearer == test.truth(0)
    assert len(a.samples) == len(b.samples) == len(x.samples)


def test_x_has_the_bytes_of_neither_so_that_no_browser_can_compare_them() -> None:
    test = run()
    heard = [test.heard(which, trial=0).samples for which in ("a", "b", "x")]
    assert [np.array_equal(heard[2], other) for other in heard[:2]] == [False, False]


def test_the_stronger_mark_is_further_from_the_sound() -> None:
    shipped, strong = (run(strength=strength).heard("b", trial=0) for strength in STRENGTHS)
    assert distance_db(plain("bridge"), strong) > distance_db(plain("bridge"), shipped) + 6


def test_x_is_drawn_evenly_and_anew_for_every_test() -> None:
    draws = [[run().truth(trial) for trial in range(TRIALS)] for _ in range(64)]
    share = np.mean([[drawn == "b" for drawn in trials] for trials in draws])
    assert 0.4 < share < 0.6
    assert len({tuple(trials) for trials in draws}) == 64


def test_all_sentences_take_their_turns() -> None:
    test = run(sound="all")
    assert [test.sentence(trial) for trial in range(5)] == [*SENTENCES, "bridge"]


def test_a_test_counts_what_was_right_and_ends_after_its_trials() -> None:
    test = run()
    for trial in range(TRIALS):
        assert not test.done
        right = test.truth(trial)
        test = test.answered(right if trial < 10 else {"a": "b", "b": "a"}[right])  # type: ignore[arg-type]
    assert (test.done, test.right) == (True, 10)
    with pytest.raises(ValueError, match="answered"):
        test.answered("a")


def test_a_test_survives_the_session() -> None:
    test = run(sound="all").answered("a").answered("b")
    assert Test.from_json(test.as_json()) == test


@pytest.mark.parametrize(("sound", "strength"), [("../secret", "shipped"), ("bridge", "loud"), ("", "")])
def test_there_is_no_other_sound_and_no_other_strength(sound: str, strength: str) -> None:
    with pytest.raises(ValueError, match="There is no sound"):
        run(sound=sound, strength=strength)


def test_the_chance_of_guessing_is_the_exact_binomial_one() -> None:
    assert by_guessing(0, of=16) == 1
    assert by_guessing(16, of=16) == 2**-16
    assert by_guessing(12, of=16) == (comb(16, 12) + comb(16, 13) + comb(16, 14) + comb(16, 15) + 1) / 2**16
    assert listening.convincing() == 12
    assert by_guessing(11, of=16) > 0.05 > by_guessing(12, of=16)


@pytest.mark.parametrize(
    ("right", "words"),
    [
        (0, "in every case"),
        (3, "in nearly every case"),
        (8, "in about 6 of 10 cases"),
        (12, "in 1 of 26 cases"),
        (16, "in 1 of 65,536 cases"),
    ],
)
def test_the_chance_is_said_as_people_say_it(right: int, words: str) -> None:
    assert listening.chance_in_words(by_guessing(right, of=16)) == words


@pytest.mark.parametrize(("rate", "becomes"), [(4_000, 8_000), (24_000, 24_000), (96_000, 48_000)])
def test_a_sound_of_ones_own_comes_to_a_rate_that_can_be_marked(rate: int, becomes: int) -> None:
    assert listening.bearable(Waveform(np.zeros(rate, np.float32), rate)).rate == becomes
