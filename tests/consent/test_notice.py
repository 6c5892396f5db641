from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consent.errors import ConsentError
from consent.notice import Terms, fingerprint, write
from consent.scope import Purpose
from consent.wording import locales, wording

TERMS = Terms(
    name="Amara Okafor",
    organisation="Northwind",
    purposes=(Purpose.NARRATION, Purpose.GAMES),
    languages=("de", "en"),
    intended_use="Audiobooks for children",
    territory=("IE", "DE"),
    compensation="300 euros for each book",
    recipients=("Harbour Books", "the city library"),
    clips_may_be_distributed=True,
    valid_until=datetime(2027, 11, 21, tzinfo=UTC),
)


def syllables(word: str) -> int:
    """English syllables, roughly: groups of vowels, a final silent e left out."""
    groups = re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiouyl])e$", "", word.lower()))
    return max(1, len(groups))


def sentences_and_words(text: str) -> tuple[int, list[str]]:
    sentences = [s for s in re.split(r"[.!?:\n]+", text) if s.strip()]
    return len(sentences), re.findall(r"[A-Za-zÄÖÜäöüß]+", text)


def grade(text: str) -> float:
    """The school grade at which a text can be read (Flesch-Kincaid); grade seven is age twelve."""
    sentences, words = sentences_and_words(text)
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def schulstufe(text: str) -> float:
    """The school grade at which a German text can be read (first Wiener Sachtextformel, Bamberger and Vanecek 1984)."""
    sentences, words = sentences_and_words(text)
    spoken = [len(re.findall(r"aa|ai|au|äu|ee|ei|eu|ie|oo|[aeiouyäöü]", word.lower())) for word in words]
    share = 100 / len(words)
    return (
        0.1935 * share * sum(count >= 3 for count in spoken)
        + 0.1672 * len(words) / sentences
        + 0.1297 * share * sum(len(word) > 6 for word in words)
        - 0.0327 * share * sum(count <= 1 for count in spoken)
        - 0.875
    )


LONGEST_TERMS = replace(TERMS, purposes=tuple(Purpose))
PLAINEST_TERMS = replace(TERMS, compensation="none", recipients=(), clips_may_be_distributed=False)


def test_the_statement_names_speaker_organisation_purposes_and_end() -> None:
    assert write(TERMS, locale="en").statement == (
        "I am Amara Okafor. I agree that Northwind may make and use a synthetic version of my voice "
        "for narration and games until 21 November 2027."
    )


def test_the_german_statement_says_the_same() -> None:
    assert write(TERMS, locale="de").statement == (
        "Ich bin Amara Okafor. Ich bin einverstanden, dass Northwind eine künstliche Kopie meiner Stimme machen und "
        "benutzen darf, für Vorlesen und Spiele, bis zum 21. November 2027."
    )


def test_the_notice_says_who_what_for_how_long_what_is_kept_and_how_to_take_it_back() -> None:
    text = write(TERMS, locale="en").text
    for part in (
        "Northwind asks you, Amara Okafor",
        "reading books",
        "characters in games",
        "Audiobooks for children",
        "German and English",
        "Ireland and Germany",
        "300 euros for each book",
        "These get the speech from Northwind: Harbour Books and the city library. No one else does.",
        "They may pass it on to others and publish it.",
        "You must be 18 or older",
        "Until 21 November 2027",
        "What is kept, and until when",
        "How to take it back",
        "To read the statement aloud is to sign it",
    ):
        assert part in text


def test_the_german_notice_says_it_too() -> None:
    text = write(TERMS, locale="de").text
    for part in (
        "Northwind fragt Sie, Amara Okafor",
        "Bücher und andere Texte",
        "Figuren in Spielen",
        "Deutsch und Englisch",
        "Audiobooks for children",
        "Irland und Deutschland",
        "300 euros for each book",
        "Bis zum 21. November 2027",
        "Harbour Books und the city library",
        "Sie dürfen es weitergeben und veröffentlichen",
        "Was wir behalten, und bis wann",
        "Wie Sie es zurücknehmen",
        "18 Jahre alt",
        "der unterschreibt",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("locale", "unpaid", "alone", "kept"),
    [
        ("en", "You get no money for it.", "Only Northwind gets the speech.", "They may not pass it on or publish it."),
        (
            "de",
            "Sie bekommen kein Geld dafür.",
            "Nur Northwind bekommt, was die Kopie spricht.",
            "dürfen sie es nicht.",
        ),
    ],
)
def test_what_nobody_gets_is_said_as_well(locale: str, unpaid: str, alone: str, kept: str) -> None:
    text = write(PLAINEST_TERMS, locale=locale).text
    assert [part in text for part in (unpaid, alone, kept)] == [True, True, True]


@pytest.mark.parametrize("locale", locales())
def test_everywhere_is_said_in_words(locale: str) -> None:
    text = write(replace(TERMS, territory=("worldwide",)), locale=locale).text
    assert wording(locale).worldwide in text
    assert "worldwide" not in text


@pytest.mark.parametrize("terms", [TERMS, LONGEST_TERMS, PLAINEST_TERMS])
def test_the_notice_can_be_read_at_the_age_of_twelve(terms: Terms) -> None:
    assert grade(write(terms, locale="en").text) <= 7
    assert schulstufe(write(terms, locale="de").text) <= 7


@pytest.mark.parametrize("kind", sorted(wording("en").mails))
def test_mails_can_be_read_at_the_age_of_twelve(kind: str) -> None:
    assert grade(wording("en").mails[kind].body) <= 7
    assert schulstufe(wording("de").mails[kind].body) <= 7


def test_the_measures_of_reading_tell_plain_from_legal() -> None:
    """Otherwise the tests above could not fail."""
    assert grade("The undersigned irrevocably authorises perpetual dissemination of biometric derivatives.") > 12
    assert (
        schulstufe("Die unterzeichnende Person genehmigt unwiderruflich die Weiterverarbeitung biometrischer Daten.")
        > 12
    )


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
