"""What the speaker's pages say in one language, read from `words/<locale>.toml`: another language is another file."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

WORDS = Path(__file__).with_name("words")
FALLBACK = "en"


@dataclass(frozen=True)
class Words:
    """Texts by page and name; a name that is missing is an error, never an empty place."""

    locale: str
    pages: Mapping[str, Mapping[str, str]]
    months: tuple[str, ...]

    def text(self, name: str) -> str:
        """`page.name`, as it stands in the file."""
        page, _, entry = name.partition(".")
        return self.pages[page][entry]

    def problem(self, code: str) -> str:
        """What a problem says; empty where this language has no words for it."""
        return self.pages["problems"].get(code, "")

    def reason(self, reason: Mapping[str, Any]) -> dict[str, str]:
        """A reason in this language: what was noticed, and what to do; the reason's own words where it has none."""
        own = {name: str(reason.get(name) or "") for name in ("rule", "explanation", "way_forward")}
        told, _, way = self.pages["reasons"].get(own["rule"], "").partition("|")
        return {"rule": own["rule"], "explanation": told, "way_forward": way} if told else own

    def date(self, moment: datetime) -> str:
        """A day as people write it."""
        return self.pages["moments"]["date"].format(
            day=moment.day, month=self.months[moment.month - 1], year=moment.year
        )


def locales() -> tuple[str, ...]:
    """The languages that the pages speak."""
    return tuple(sorted(path.stem for path in WORDS.glob("*.toml")))


@functools.cache
def words(locale: str) -> Words:
    """The words of a language; English where the pages do not speak it."""
    chosen = locale if locale in locales() else FALLBACK
    table = tomllib.loads((WORDS / f"{chosen}.toml").read_text(encoding="utf-8"))
    months = tuple(table["moments"].pop("months"))
    return Words(locale=chosen, pages=table, months=months)
