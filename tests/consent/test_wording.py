from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime

import pytest

from consent.scope import Purpose
from consent.wording import NOTICES, locales, wording
from safety.transcripts import normalise_words


def test_english_and_german_are_there() -> None:
    assert locales() == ("de", "en")


@pytest.mark.parametrize("locale", locales())
def test_a_locale_is_complete(locale: str) -> None:
    """Whatever the English file says, every other says."""

    def shape(value: object) -> object:
        return {key: shape(part) for key, part in value.items()} if isinstance(value, dict) else type(value)

    tables = [tomllib.loads((NOTICES / f"{name}.toml").read_text()) for name in (locale, "en")]
    assert shape(tables[0]) == shape(tables[1])
    assert set(tables[0]["territories"]) == set(tables[1]["territories"])
    assert (len(tables[0]["territories"]), len(set(tables[0]["territories"].values()))) == (249, 249)
    assert len(tables[0]["months"]) == 12


@pytest.mark.parametrize("locale", locales())
def test_texts_ask_for_the_same_values_in_every_language(locale: str) -> None:
    def asked(text: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", text))

    english, table = wording("en"), wording(locale)
    for name in ("notice", "statement", "recipients", "clips", "compensation", "protection"):
        assert asked(str(getattr(table, name))) == asked(str(getattr(english, name))), name
    assert {kind: asked(str(text)) for kind, text in table.mails.items()} == {
        kind: asked(str(text)) for kind, text in english.mails.items()
    }


@pytest.mark.parametrize("locale", locales())
def test_the_words_that_say_yes_stand_in_their_statements(locale: str) -> None:
    table = wording(locale)
    for agreement, statement in ((table.agreement, table.statement), table.protection[::-1]):
        assert " ".join(normalise_words(agreement, locale)) in " ".join(normalise_words(statement, locale))


@pytest.mark.parametrize("locale", locales())
def test_every_purpose_has_its_own_words(locale: str) -> None:
    table = wording(locale)
    assert set(table.purposes) == set(Purpose)
    assert len({purpose.spoken for purpose in table.purposes.values()}) == len(Purpose)


def test_dates_are_written_as_they_are_read_aloud() -> None:
    assert wording("en").date(datetime(2027, 3, 9, tzinfo=UTC)) == "9 March 2027"
    assert wording("de").date(datetime(2027, 3, 9, tzinfo=UTC)) == "9. März 2027"


@pytest.mark.parametrize(("items", "listed"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_lists_are_joined_as_people_speak(items: list[str], listed: str) -> None:
    assert wording("en").listed(items) == listed
