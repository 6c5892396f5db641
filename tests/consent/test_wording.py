from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consent.scope import Purpose
from consent.wording import locales, wording


def test_english_is_there() -> None:
    assert "en" in locales()


@pytest.mark.parametrize("locale", locales())
def test_every_purpose_has_its_own_words(locale: str) -> None:
    table = wording(locale)
    assert set(table.purposes) == set(Purpose)
    assert len({purpose.spoken for purpose in table.purposes.values()}) == len(Purpose)


def test_dates_are_written_as_they_are_read_aloud() -> None:
    assert wording("en").date(datetime(2027, 3, 9, tzinfo=UTC)) == "9 March 2027"


@pytest.mark.parametrize(("items", "listed"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_lists_are_joined_as_people_speak(items: list[str], listed: str) -> None:
    assert wording("en").listed(items) == listed
