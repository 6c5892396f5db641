"""The comparison of words, given names and transcripts of any kind: nothing breaks, nothing unsaid is heard."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies
from hypothesis import settings as effort

from consent.statement import Script, compare_words

STATEMENT = (
    "I am {name}. I agree that Northwind may make and use a synthetic version of my voice for narration until May."
)
PHRASE = "amber, violet, harbour, pillow, thunder"
READ = STATEMENT.removeprefix("I am {name}. ")
NAMES = strategies.text(max_size=200)
NAMES_AS_READ = [
    "Zoë \U0001f98a Müller",
    "محمد علي",
    "שרה כהן",
    "नीना शर्मा",
    "王小明",
    "น้ำใส ใจดี",
    "Nguyễn Thị Hồng",
    "O\u2019Brien",
    "X Æ A-12",
    "\U0001f3a4",
    "Nobody",
    "x" * 100_000,
    "ab " * 300,
]


def script(name: str) -> Script:
    return Script(
        statement=STATEMENT.replace("{name}", name),
        phrase=PHRASE,
        names=(name, "Northwind"),
        purposes=("narration",),
        agreement="agree that",
        negations=("not", "no", "nobody"),
        vocabulary=tuple(PHRASE.split(", ")),
        language="en",
    )


@pytest.mark.parametrize("name", NAMES_AS_READ, ids=range(len(NAMES_AS_READ)))
def test_a_name_of_any_script_or_length_read_as_written_is_heard_as_written(name: str) -> None:
    wanted = script(name)
    heard = compare_words(f"{wanted.statement} {PHRASE}", script=wanted)
    assert (heard.word_error_rate, heard.agreement, heard.phrase) == (0.0, True, True)
    assert (heard.negations, heard.purposes_missing) == ((), ())


@effort(max_examples=200, deadline=None)
@given(name=NAMES)
def test_any_name_read_as_written_is_without_error(name: str) -> None:
    wanted = script(name)
    heard = compare_words(f"{wanted.statement} {PHRASE}", script=wanted)
    assert (heard.word_error_rate, heard.agreement, heard.phrase) == (0.0, True, True)
    assert 0.0 <= heard.name_likeness <= 100.0


@effort(max_examples=200, deadline=None)
@given(name=NAMES)
def test_no_name_stands_in_for_the_phrase(name: str) -> None:
    wanted = replace(script(name), phrase="quartz, saddle, lantern, meadow, walnut")
    assert not compare_words(f"I am {name}. {READ} {PHRASE}", script=wanted).phrase


@effort(max_examples=300, deadline=None)
@given(name=NAMES, heard=strategies.text(max_size=400))
def test_whatever_the_ears_write_nothing_breaks_and_nothing_is_heard_that_was_not_said(name: str, heard: str) -> None:
    found = compare_words(heard, script=script(name))
    assert found.word_error_rate >= 0.0
    assert not found.phrase
    assert not found.agreement
