"""Asks whether a script is written in the language it is declared in: by its letters, then by its small words."""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from enum import StrEnum
from functools import cache
from pathlib import Path

from safety.script.views import fold

_DATA = Path(__file__).resolve().parent.parent / "data" / "stop_words.toml"
_LETTERS = {
    "CYRILLIC": "ru uk bg sr",
    "GREEK": "el",
    "ARABIC": "ar fa ur",
    "HEBREW": "he",
    "DEVANAGARI": "hi mr ne",
    "THAI": "th",
    "HANGUL": "ko",
    "CJK": "zh",
    "JAPANESE": "ja",
}
_LETTERS_OF = {language: letters for letters, languages in _LETTERS.items() for language in languages.split()}
_JAPANESE = frozenset({"HIRAGANA", "KATAKANA", "CJK"})
_LATIN = "LATIN"
_FEWEST_HITS = 3
_CLEAR_LEAD = 2.0


class LanguageMatch(StrEnum):
    """Does a script match its declared language? Three ways: "unknown" is not a yes."""

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    UNKNOWN = "unknown"


def language_mismatch(text: str, language: str) -> LanguageMatch:
    """Compare `text` with `language` (BCP 47); "unknown" for scripts too short or languages not known here."""
    primary = language.partition("-")[0].casefold()
    expected = _LETTERS_OF.get(primary, _LATIN if primary in _stop_words() else "")
    letters = _main_letters(text)
    if not letters or not expected:
        return LanguageMatch.UNKNOWN
    if letters != expected and not (expected == "JAPANESE" and letters in _JAPANESE):
        return LanguageMatch.INCONSISTENT
    return _compare_words(text, primary) if expected == _LATIN else LanguageMatch.CONSISTENT


def known_languages() -> frozenset[str]:
    """The languages whose small words, and whose intents, are known."""
    return frozenset(_stop_words())


def common_words() -> frozenset[str]:
    """The small words of all known languages, for putting spaces back."""
    return frozenset().union(*_stop_words().values())


def _compare_words(text: str, primary: str) -> LanguageMatch:
    words = Counter(fold(text).split())
    hits = {
        language: sum(count for word, count in words.items() if word in stops)
        for language, stops in _stop_words().items()
    }
    best = max(hits.values())
    if best >= _FEWEST_HITS and best > _CLEAR_LEAD * hits[primary]:
        return LanguageMatch.INCONSISTENT
    return LanguageMatch.CONSISTENT if 0 < hits[primary] == best else LanguageMatch.UNKNOWN


def _main_letters(text: str) -> str:
    """The writing system of most letters, as Unicode names it; empty when there are no letters."""
    systems = Counter(
        unicodedata.name(character, "?").split(" ")[0].split("-")[0]
        for character in unicodedata.normalize("NFKC", text)
        if character.isalpha()
    )
    return systems.most_common(1)[0][0] if systems else ""


@cache
def _stop_words() -> dict[str, frozenset[str]]:
    data: dict[str, str] = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {language: frozenset(words.split()) for language, words in data.items()}
