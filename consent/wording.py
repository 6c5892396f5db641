"""The wording of consent in one language, read from `notices/<locale>.toml`."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from consent.errors import ConsentError
from consent.scope import Purpose

NOTICES = Path(__file__).with_name("notices")
WORLDWIDE = "worldwide"


@dataclass(frozen=True)
class PurposeWording:
    """A purpose as the speaker says it, and as the notice explains it."""

    spoken: str
    explained: str


class MailWording(NamedTuple):
    """A mail to a speaker."""

    subject: str
    body: str


class ProtectionWording(NamedTuple):
    """What somebody says aloud who asks never to be cloned, and the words of it that must be heard."""

    statement: str
    agreement: str


class Alternatives(NamedTuple):
    """Two ways to say a thing; `alternatives[condition]` picks one."""

    no: str
    yes: str


@dataclass(frozen=True)
class Wording:
    """Everything that a speaker reads, says, or may be asked to say, in one language."""

    locale: str
    version: str
    notice: str
    statement: str
    agreement: str
    negations: tuple[str, ...]
    conjunction: str
    date_format: str
    months: tuple[str, ...]
    purposes: Mapping[Purpose, PurposeWording]
    languages: Mapping[str, str]
    phrase_words: tuple[str, ...]
    territories: Mapping[str, str]
    worldwide: str
    recipients: Alternatives
    clips: Alternatives
    compensation: Alternatives
    nothing: tuple[str, ...]
    mails: Mapping[str, MailWording]
    protection: ProtectionWording

    def date(self, moment: datetime) -> str:
        """A date as it is read aloud."""
        return self.date_format.format(day=moment.day, month=self.months[moment.month - 1], year=moment.year)

    def listed(self, items: list[str]) -> str:
        """`a, b and c`."""
        *most, last = items
        return f"{', '.join(most)} {self.conjunction} {last}" if most else last

    def places(self, codes: Sequence[str]) -> str:
        """Countries by name, or the whole world."""
        return self.worldwide if WORLDWIDE in codes else self.listed([self.territories[code] for code in codes])


def locales() -> tuple[str, ...]:
    """The languages in which consent can be asked for."""
    return tuple(sorted(path.stem for path in NOTICES.glob("*.toml")))


@functools.cache
def wording(locale: str) -> Wording:
    """The wording of one language; raises `ConsentError` where there is none."""
    if locale not in locales():
        raise ConsentError("consent-scope", f"Consent can be asked for in {', '.join(locales())}, not in '{locale}'.")
    table = tomllib.loads((NOTICES / f"{locale}.toml").read_text(encoding="utf-8"))
    return Wording(
        locale=locale,
        version=table["version"],
        notice=table["notice"].strip(),
        statement=table["statement"].strip(),
        agreement=table["agreement"],
        negations=tuple(table["negations"]),
        conjunction=table["and"],
        date_format=table["date"],
        months=tuple(table["months"]),
        purposes={purpose: PurposeWording(**table["purposes"][purpose.value]) for purpose in Purpose},
        languages=table["languages"],
        phrase_words=tuple(table["phrases"]["words"].split()),
        territories=table["territories"],
        worldwide=table["worldwide"],
        recipients=Alternatives(**table["recipients"]),
        clips=Alternatives(**table["clips"]),
        compensation=Alternatives(**table["compensation"]),
        nothing=tuple(table["nothing"]),
        mails={kind: MailWording(text["subject"], text["body"].strip()) for kind, text in table["mails"].items()},
        protection=ProtectionWording(**table["protection"]),
    )
