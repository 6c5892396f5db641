from __future__ import annotations

import pytest

from consent.cologne import cologne
from consent.names_heard import fold, in_place_of, name_likeness
from consent.verdict import LEAST_NAME_SOUND
from safety.transcripts import normalise_words

STATEMENT = "I am {} I agree that Northwind may use my voice"


def likeness(name: str, heard: str, *, language: str = "en") -> float:
    words, said = normalise_words(name, language), normalise_words(STATEMENT.format(heard), language)
    expected = normalise_words(STATEMENT.format(name), language)
    return name_likeness(words, in_place_of(range(2, 2 + len(words)), expected=expected, said=said), language=language)


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("Amara Okafor", "Amara Okafor"),
        ("Amara Okafor", "Amara O'Cathore."),
        ("Amara Okafor", "Amara or Kaffir"),
        ("Siobhan Gallagher", "Shavon Gallagher"),
        ("Jürgen Müller", "Jurgen Mueller"),
        ("Catherine Meyer", "Kathryn Maier"),
        ("Jean-Luc Moreau", "John Luke Morrow"),
    ],
)
def test_a_name_that_ears_write_otherwise_still_sounds_through(name: str, heard: str) -> None:
    assert likeness(name, heard) >= LEAST_NAME_SOUND


@pytest.mark.parametrize(
    ("name", "heard"),
    [("Amara Okafor", "Peter Schmidt"), ("Jürgen Müller", "Susan Baker"), ("Amara Okafor", ""), ("李明", "Lee Ming")],
)
def test_another_name_none_or_one_that_cannot_be_compared_does_not(name: str, heard: str) -> None:
    assert likeness(name, heard) < LEAST_NAME_SOUND


def test_a_name_elsewhere_in_what_was_said_does_not_count() -> None:
    said = normalise_words("I am Peter Schmidt I agree that Northwind may use my voice Amara Okafor", "en")
    expected = normalise_words(STATEMENT.format("Amara Okafor"), "en")
    stretch = in_place_of(range(2, 4), expected=expected, said=said)
    assert name_likeness(["amara", "okafor"], stretch, language="en") < LEAST_NAME_SOUND


def test_german_names_are_compared_by_the_cologne_code() -> None:
    assert likeness("Heinz Meier", "Hainz Mayr", language="de") > likeness("Heinz Meier", "Hans Müller", language="de")


def test_a_name_without_words_misses_nothing() -> None:
    assert name_likeness([], ["anything"], language="en") == 1.0


def test_marks_and_special_letters_are_folded() -> None:
    assert [fold(word) for word in ("Müßig", "Łukasz", "O'Cathore", "Søren", "7")] == [
        "mussig", "lukasz", "ocathore", "soren", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Mueller-Luedenscheidt", "65752682"),
        ("Wikipedia", "3412"),
        ("Breschnew", "17863"),
        ("Meyer", "67"),
        ("Maier", "67"),
        ("Philipp", "351"),
        ("Xaver", "4837"),
        ("Claus", "458"),
        ("Casar", "487"),
        ("Aachen", "046"),
        ("", ""),
    ],
)
def test_the_cologne_code_is_postels(word: str, code: str) -> None:
    assert cologne(word) == code
