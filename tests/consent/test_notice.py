from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consent.errors import ConsentError
from consent.notice import Terms, fingerprint, write
from consent.scope import Purpose

TERMS = Terms(
    name="Amara Okafor",
    organisation="Northwind",
    purposes=(Purpose.NARRATION, Purpose.GAMES),
    languages=("de", "en"),
    intended_use="Audiobooks for children",
    valid_until=datetime(2027, 11, 21, tzinfo=UTC),
)


def syllables(word: str) -> int:
    """English syllables, roughly: groups of vowels, a final silent e left out."""
    groups = re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiouyl])e$", "", word.lower()))
    return max(1, len(groups))


def grade(text: str) -> float:
    """The school grade at which a text can be read (Flesch-Kincaid); grade seven is age twelve."""
    sentences = [s for s in re.split(r"[.!?:\n]+", text) if s.strip()]
    words = re.findall(r"[A-Za-z]+", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_statement_names_speaker_organisation_purposes_and_end() -> None:
    assert write(TERMS, locale="en").statement == (
        "I am Amara Okafor. I agree that Northwind may make and use a synthetic version of my voice "
        "for narration and games until 21 November 2027."
    )


def test_the_notice_says_who_what_for_how_long_what_is_kept_and_how_to_take_it_back() -> None:
    text = write(TERMS, locale="en").text
    for part in ("Northwind asks you, Amara Okafor", "reading books", "characters in games", "Audiobooks for children",
                 "German and English", "Until 21 November 2027", "What is kept, and until when", "How to take it back",
                 "To read the statement aloud is to sign it"):  # fmt: skip
        assert part in text


def test_the_notice_can_be_read_at_the_age_of_twelve() -> None:
    assert grade(write(TERMS, locale="en").text) <= 7


def test_the_hash_binds_every_word_of_notice_and_statement() -> None:
    notice = write(TERMS, locale="en")
    assert notice.sha256 == fingerprint(notice.text, notice.statement)
    assert notice.sha256 != write(replace(TERMS, intended_use="Adverts"), locale="en").sha256
    assert fingerprint(notice.text, notice.statement + " ") != notice.sha256


def test_names_with_braces_are_names_and_no_instructions() -> None:
    notice = write(replace(TERMS, name="{organisation}", intended_use="{until} {0}"), locale="en")
    assert notice.statement.startswith("I am {organisation}. I agree that Northwind")
    assert '"{until} {0}"' in notice.text


def test_a_language_without_wording_is_refused() -> None:
    with pytest.raises(ConsentError, match="not in 'xx'") as caught:
        write(TERMS, locale="xx")
    assert caught.value.code == "consent-scope"


def test_a_locale_cannot_point_outside_the_folder() -> None:
    with pytest.raises(ConsentError):
        write(TERMS, locale="../notices/en")
