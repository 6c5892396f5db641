"""Disguises come off: some view of a disguised text reads like the plain one."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from bench.obfuscation import OBFUSCATIONS, combined, plain
from safety.script.views import fold, views

VOCABULARY = frozenset(["please", "send", "the", "money", "to", "my", "new", "account", "right", "now", "mother"])
PLAIN = "Please send the money to my new account right now, mother"
READ = " . please send the money to my new account right now mother "


def texts(text: str) -> set[str]:
    return {view.text for view in views(text, vocabulary=VOCABULARY)}


@pytest.mark.parametrize("disguise", OBFUSCATIONS, ids=lambda disguise: disguise.__name__)
def test_a_disguised_sentence_is_read_in_some_view(disguise: Callable[[str], str]) -> None:
    text = disguise(PLAIN)
    assert (text == PLAIN) == (disguise is plain)
    assert READ in texts(text)


def test_disguises_on_top_of_each_other_come_off_together() -> None:
    assert READ in texts(" ".join(combined(PLAIN)))


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("\U0001f1f8\U0001f1ea\U0001f1f3\U0001f1e9", " . send "),
        ("\u202emoney\u202c", " . money "),
        ("mo\u00adney", " . money "),
        ("mon\u3164ey", " . money "),
        ("\u039c0\u039d\u0395\u03a5", " . money "),
        ("\u043con\u0435\u0443", " . money "),
        ("moneyyyyy", " . money "),
        ("righhht nowww", " . right now "),
        ("four one double one", " . 4111 "),
        ("41 11", " . 4111 "),
        ("null acht null null", " . 0800 "),
    ],
)
def test_one_reading_is_plain(text: str, reading: str) -> None:
    assert reading in texts(text)


def test_cyrillic_is_read_by_sound_as_well_as_by_looks() -> None:
    assert " . vladimir " in texts("Владимир")


def test_the_plainest_reading_comes_first_and_none_twice() -> None:
    read = views("S3nd m0ney", vocabulary=VOCABULARY)
    assert read[0].name == "plain"
    assert len({view.text for view in read}) == len(read)


def test_a_plain_sentence_has_few_readings() -> None:
    assert [view.name for view in views("Please send the money.", vocabulary=VOCABULARY)] == ["plain"]


def test_initials_and_titles_end_no_sentence() -> None:
    assert fold("Dr. John F. Kennedy") == "dr john f kennedy"


def test_single_words_are_not_glued_together() -> None:
    assert " . i a m " in texts("I, a, m")


@pytest.mark.parametrize("seed", range(20))
def test_every_view_of_any_text_is_words_with_single_spaces(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 -- reproducible texts, not secrets
    text = "".join(chr(draw.choice((draw.randrange(32, 127), draw.randrange(160, 0xD800)))) for _ in range(200))
    for view in views(text, vocabulary=VOCABULARY):
        assert view.text == view.text.casefold()
        assert not any(left == right == " " for left, right in pairwise(view.text.strip()))
