"""The notice a speaker is shown and the statement they read aloud: exact text, versioned and hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from consent.scope import Purpose
from consent.wording import Wording, locales, wording


@dataclass(frozen=True)
class Terms:
    """What one speaker is asked to agree to."""

    name: str
    organisation: str
    purposes: Sequence[Purpose]
    languages: Sequence[str]
    intended_use: str
    territory: Sequence[str]
    compensation: str
    recipients: Sequence[str]
    clips_may_be_distributed: bool
    valid_until: datetime


@dataclass(frozen=True)
class Notice:
    """A notice as shown: `sha256` is that of `text` and `statement` in UTF-8, with a line feed between."""

    locale: str
    version: str
    text: str
    statement: str
    sha256: str


def write(terms: Terms, *, locale: str) -> Notice:
    """The notice for these terms; raises `ConsentError` for a locale without wording."""
    words = wording(locale)
    statement = words.statement.format(
        name=terms.name,
        organisation=terms.organisation,
        purposes=words.listed(spoken_purposes(terms.purposes, words=words)),
        until=words.date(terms.valid_until),
    )
    text = words.notice.format(
        name=terms.name,
        organisation=terms.organisation,
        purpose_lines="\n".join(
            f"- {words.purposes[purpose].spoken}: {words.purposes[purpose].explained}" for purpose in terms.purposes
        ),
        intended_use=terms.intended_use,
        territory=words.places(terms.territory),
        recipients=_recipients(terms, words),
        clips=words.clips[terms.clips_may_be_distributed].format(organisation=terms.organisation),
        compensation=_compensation(terms, words),
        languages=words.listed([words.languages.get(language, language) for language in terms.languages]),
        until=words.date(terms.valid_until),
    )
    return Notice(locale, words.version, text, statement, fingerprint(text, statement))


def _recipients(terms: Terms, words: Wording) -> str:
    others = words.listed(list(terms.recipients)) if terms.recipients else ""
    return words.recipients[bool(others)].format(organisation=terms.organisation, others=others)


def _compensation(terms: Terms, words: Wording) -> str:
    paid = terms.compensation.casefold().strip(" .!") not in words.nothing
    return words.compensation[paid].format(compensation=terms.compensation)


def current_version(locale: str) -> str | None:
    """The version that is shown today; None for a language in which nobody is asked any more."""
    return wording(locale).version if locale in locales() else None


def spoken_purposes(purposes: Sequence[Purpose], *, words: Wording) -> list[str]:
    """Purposes as the speaker says them."""
    return [words.purposes[purpose].spoken for purpose in purposes]


def fingerprint(text: str, statement: str) -> str:
    """The SHA-256 that binds a consent to the very words shown."""
    return hashlib.sha256(f"{text}\n{statement}".encode()).hexdigest()
