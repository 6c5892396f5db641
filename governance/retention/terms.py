"""A length of time as laws say it ("3 years", "45 days", "at once"), counted by the calendar; pure."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_WRITTEN = re.compile(r"(\d+) (day|month|year)s?")
_MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Term:
    """So many months and days, with the words in which the schedule says it."""

    written: str
    months: int = 0
    days: int = 0

    def after(self, moment: datetime) -> datetime:
        """The end of the term that begins at `moment`; a day that its month lacks becomes the month's last."""
        years, month = divmod(moment.month - 1 + self.months, _MONTHS_A_YEAR)
        year, month = moment.year + years, month + 1
        day = min(moment.day, calendar.monthrange(year, month)[1])
        return moment.replace(year=year, month=month, day=day) + timedelta(days=self.days)

    def __str__(self) -> str:
        return self.written


def parse(written: str) -> Term:
    """A term from its words; raises `ValueError` for anything else than "at once" or a number with its unit."""
    if written == "at once":
        return Term(written)
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise ValueError(f'{written!r} is no term: write "at once", or days, months or years, such as "3 years".')
    number, unit = int(match[1]), match[2]
    if unit == "day":
        return Term(written, days=number)
    return Term(written, months=number * (_MONTHS_A_YEAR if unit == "year" else 1))
