"""Terms are counted by the calendar, as laws mean them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from governance.retention.terms import parse


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "begins", "ends"),
    [
        ("at once", "2026-11-21", "2026-11-21"),
        ("1 day", "2026-12-31", "2027-01-01"),
        ("45 days", "2026-11-21", "2027-01-05"),
        ("1 month", "2027-01-31", "2027-02-28"),
        ("24 months", "2026-11-21", "2028-11-21"),
        ("3 years", "2026-11-21", "2029-11-21"),
        ("3 years", "2028-02-29", "2031-02-28"),
        ("14 months", "2026-11-30", "2028-01-30"),
    ],
)
def test_a_term_ends_on_the_day_that_people_expect(written: str, begins: str, ends: str) -> None:
    assert parse(written).after(day(begins)) == day(ends)


def test_a_term_keeps_the_time_of_day() -> None:
    begins = datetime(2026, 11, 21, 13, 5, 7, 123456, tzinfo=UTC)
    assert parse("1 year").after(begins) == begins.replace(year=2027)


@pytest.mark.parametrize("wrong", ["", "soon", "three years", "3", "-1 days", "3 weeks", "3 years "])
def test_words_that_are_no_term_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is no term"):
        parse(wrong)
