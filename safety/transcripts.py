"""Compares what was heard with what should have been said, word by word."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from safety import numerals, numerals_german
from safety.errors import ComparisonError


@dataclass(frozen=True)
class Spoken:
    """How a language reads aloud what it writes with signs and digits."""

    signs: Mapping[str, str]
    currencies: Mapping[str, str]
    abbreviations: Mapping[str, str]
    thousands: re.Pattern[str]
    decimal: re.Pattern[str]
    point: str
    spell_digits: Callable[[Sequence[str]], list[str]]


_SPOKEN = {
    "en": Spoken(
        signs={"%": " percent ", "&": " and ", "+": " plus ", "@": " at "},
        currencies={"$": "dollars", "£": "pounds", "€": "euros"},
        abbreviations={"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay"},
        thousands=re.compile(r"(?<=\d),(?=\d{3}(?!\d))"),
        decimal=re.compile(r"(?<=\d)\.(?=\d)"),
        point="point",
        spell_digits=numerals.spell_digits,
    ),
    "de": Spoken(
        signs={"%": " prozent ", "&": " und ", "+": " plus ", "@": " at ", "§": " paragraf "},
        currencies={"$": "dollar", "£": "pfund", "€": "euro"},
        abbreviations={"hr": "herr", "fr": "frau", "dr": "doktor", "nr": "nummer", "str": "strasse", "ok": "okay"},
        thousands=re.compile(r"(?<=\d)\.(?=\d{3}(?!\d))"),
        decimal=re.compile(r"(?<=\d),(?=\d)"),
        point="komma",
        spell_digits=numerals_german.spell_digits,
    ),
}
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_MONEY = re.compile(r"([$£€])\s?(\d+)|(\d+)\s?([$£€])")
_WORD = re.compile(r"\d+(?:st|nd|rd|th)(?![^\W\d])|\d+|[^\d\s]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # kana and Han: each sign stands alone
NEGATIONS = frozenset(
    re.findall(
        r"\w+",
        """no not never none nothing nobody without cannot neither nor refuse withdraw revoke deny dont doesnt didnt
        wont wouldnt cant couldnt shouldnt isnt arent wasnt hasnt havent aint""",
    )
)


@dataclass(frozen=True)
class WordErrors:
    """Errors divided by words expected, and the words themselves: lost, added, and (expected, heard) pairs."""

    rate: float
    missing: tuple[str, ...]
    inserted: tuple[str, ...]
    substituted: tuple[tuple[str, str], ...]


def normalise_words(text: str, language: str) -> list[str]:
    """Bare words of `text` (language as BCP 47): folded, without punctuation; English and German numbers by digits."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = re.sub(r"(?<=\w)['\u2019\u02bc](?=\w)", "", folded)
    spoken = _SPOKEN.get(language.split("-", maxsplit=1)[0].casefold())
    folded = _THOUSANDS.sub("", folded) if spoken is None else _read_signs(folded, spoken)
    bare = "".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in folded)
    words = _WORD.findall(_UNSPACED.sub(lambda found: f" {found[0]} ", bare))
    if spoken is None:
        return words
    return spoken.spell_digits([spoken.abbreviations.get(word, word) for word in words])


def _read_signs(folded: str, spoken: Spoken) -> str:
    """Signs, amounts and decimals as they are read aloud."""
    folded = spoken.thousands.sub("", folded)
    folded = _MONEY.sub(lambda found: f"{found[2] or found[3]} {spoken.currencies[found[1] or found[4]]}", folded)
    folded = spoken.decimal.sub(f" {spoken.point} ", folded)
    for sign, words in spoken.signs.items():
        folded = folded.replace(sign, words)
    return folded


def word_error_rate(reference: str, heard: str, *, language: str) -> WordErrors:
    """How far `heard` is from `reference`; the rate may exceed 1. Raises `ComparisonError` for an empty reference."""
    expected, got = normalise_words(reference, language), normalise_words(heard, language)
    return _word_errors(expected, got)


def contains_statement(required: str, heard: str, *, language: str, most_errors: float) -> bool:
    """Whether `required` was said somewhere in `heard`, at a word error rate of at most `most_errors`.

    A negation that the statement does not have, anywhere in `heard`, makes it False at any rate: one small word turns
    a yes into a no. (English only: other languages have no list of negations yet.)
    """
    expected, got = normalise_words(required, language), normalise_words(heard, language)
    if _negations(expected) != _negations(got):
        return False
    return _word_errors(expected, _best_window(expected, got)).rate <= most_errors


def _negations(words: list[str]) -> Counter[str]:
    return Counter(word for word in words if word in NEGATIONS)


def _word_errors(expected: list[str], got: list[str]) -> WordErrors:
    if not expected:
        raise ComparisonError("There is nothing to compare with: the expected text holds no words.")
    missing, inserted, substituted = [], [], []
    for edit in Levenshtein.editops(expected, got):
        if edit.tag == "delete":
            missing.append(expected[edit.src_pos])
        elif edit.tag == "insert":
            inserted.append(got[edit.dest_pos])
        else:
            substituted.append((expected[edit.src_pos], got[edit.dest_pos]))
    errors = len(missing) + len(inserted) + len(substituted)
    return WordErrors(errors / len(expected), tuple(missing), tuple(inserted), tuple(substituted))


def _best_window(expected: list[str], got: list[str]) -> list[str]:
    """The stretch of `got` nearest to `expected`: edit distance in which what surrounds the stretch is free."""
    row = [(0, start) for start in range(len(got) + 1)]
    for number, word in enumerate(expected, start=1):
        following = [(number, 0)]
        for index, other in enumerate(got):
            options = (
                (row[index][0] + (word != other), row[index][1]),
                (row[index + 1][0] + 1, row[index + 1][1]),
                (following[index][0] + 1, following[index][1]),
            )
            following.append(min(options, key=lambda option: option[0]))
        row = following
    end = min(range(len(row)), key=lambda index: row[index][0])
    return got[row[end][1] : end]
