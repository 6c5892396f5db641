"""The wording of the printed receipt and of the page that checks one, read from `receipt_words/<locale>.toml`."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from consent.errors import ConsentError

WORDS = Path(__file__).with_name("receipt_words")


@dataclass(frozen=True)
class ReceiptWording:
    """What stands on a receipt and on the page that checks it, in one language."""

    locale: str
    date_format: str
    conjunction: str
    months: tuple[str, ...]
    languages: Mapping[str, str]
    receipt: Mapping[str, str]
    check: Mapping[str, Any]

    def date(self, moment: str) -> str:
        """A moment in ISO 8601 as a day in words."""
        day = datetime.fromisoformat(moment)
        return self.date_format.format(day=day.day, month=self.months[day.month - 1], year=day.year)

    def spoken(self, codes: Iterable[str]) -> str:
        """Languages by their names, the way they are listed in a sentence; a code without a name is its own name."""
        *most, last = [self.languages.get(code, code) for code in codes]
        return f"{', '.join(most)} {self.conjunction} {last}" if most else last


def receipt_locales() -> tuple[str, ...]:
    """The languages in which receipts are printed and checked."""
    return tuple(sorted(path.stem for path in WORDS.glob("*.toml")))


@functools.cache
def receipt_wording(locale: str) -> ReceiptWording:
    """The wording of one language; raises `ConsentError` where there is none."""
    if locale not in receipt_locales():
        raise ConsentError(
            "consent-scope", f"Receipts are printed in {', '.join(receipt_locales())}, not in '{locale}'."
        )
    found = tomllib.loads((WORDS / f"{locale}.toml").read_text(encoding="utf-8"))
    return ReceiptWording(
        locale=locale,
        date_format=found["date"],
        conjunction=found["and"],
        months=tuple(found["months"]),
        languages=found["languages"],
        receipt=found["receipt"],
        check=found["check"],
    )
