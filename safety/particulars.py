"""What must be said exactly, however few words are wrong: numbers, amounts, dates, and whether it is a yes or a no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from rapidfuzz.distance import Editop, Levenshtein

from safety.transcripts import NEGATIONS, normalise_words

_DATES_AND_UNITS = frozenset(
    re.findall(
        r"\w+",
        """january february march april may june july august september october november december monday
        tuesday wednesday thursday friday saturday sunday percent dollar pound euro cent penny
        hundred thousand million billion""",
    )
)
_PLURALS = {"dollars": "dollar", "pounds": "pound", "euros": "euro", "cents": "cent", "pence": "penny"}
_SOUND_ALIKE = frozenset({("1", "won"), ("2", "to"), ("2", "too"), ("4", "for"), ("4", "fore"), ("8", "ate")})
_POINT = "point"
_CLOCK = re.compile(r"\d:\d")


@dataclass(frozen=True)
class Departures:
    """How a transcript departs from a script: (expected, heard) pairs of numbers and dates, and runs of words.

    An empty string stands for what is not there. `negations` is how many were lost or added, each in its place.
    `longest_changed` is the longest stretch in which no word is right: what was asked for there, and what was heard.
    """

    numbers: tuple[tuple[str, str], ...]
    negations: int
    longest_missing: tuple[str, ...]
    longest_inserted: tuple[str, ...]
    longest_changed: tuple[tuple[str, ...], tuple[str, ...]]


def departures(script: str, heard: str, *, language: str) -> Departures:
    """Compare word by word (language as BCP 47); numbers in words are understood in English and German.

    In other languages a digit that stands for another digit is found, and a number in words is left to the word
    error rate.
    """
    expected, got = (_particular(text, language) for text in (script, heard))
    english = language.split("-", maxsplit=1)[0].casefold() == "en"
    clock = bool(_CLOCK.search(script) or _CLOCK.search(heard))
    edits = [_words_of(edit, expected, got) for edit in Levenshtein.editops(expected, got)]
    numbers = tuple(pair for pair in edits if _matters(pair, english=english, clock=clock))
    changes = _changes(expected, got)
    negations = sum(abs(_count_negations(lost) - _count_negations(said)) for lost, said in changes)
    missing, inserted = _longest_runs(expected, got)
    instead = [change for change in changes if all(change)]
    longest = max(instead, key=lambda change: max(map(len, change)), default=((), ()))
    return Departures(numbers, negations if english else 0, missing, inserted, longest)


def _particular(text: str, language: str) -> list[str]:
    return [_PLURALS.get(word, word) for word in normalise_words(text, language)]


def _words_of(edit: Editop, expected: list[str], got: list[str]) -> tuple[str, str]:
    lost = expected[edit.src_pos] if edit.tag != "insert" else ""
    heard = got[edit.dest_pos] if edit.tag != "delete" else ""
    return lost, heard


def _matters(pair: tuple[str, str], *, english: bool, clock: bool) -> bool:
    """Whether an edit changes a number, an amount or a date; a time of day may be written with a point or a colon."""
    if not english:
        return all(word.isdigit() for word in pair)
    if pair in _SOUND_ALIKE or pair[::-1] in _SOUND_ALIKE:
        return False
    exact = (word.isdigit() or word in _DATES_AND_UNITS or (word == _POINT and not clock) for word in pair)
    return any(exact)


def _longest_runs(expected: list[str], got: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The longest runs of neighbouring words that nobody said, and that nobody had asked for."""
    missing: list[tuple[str, ...]] = [()]
    inserted: list[tuple[str, ...]] = [()]
    for code in Levenshtein.opcodes(expected, got):
        lost, added = expected[code.src_start : code.src_end], got[code.dest_start : code.dest_end]
        if code.tag == "delete":
            missing.append(tuple(lost))
        elif code.tag == "insert":
            inserted.append(tuple(added))
    return max(missing, key=len), max(inserted, key=len)


def _changes(expected: list[str], got: list[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Every stretch without one right word: what was expected there, and what was heard."""
    changes = []
    for same, codes in groupby(Levenshtein.opcodes(expected, got), key=lambda code: code.tag == "equal"):
        if not same:
            together = list(codes)
            lost = expected[together[0].src_start : together[-1].src_end]
            said = got[together[0].dest_start : together[-1].dest_end]
            changes.append((tuple(lost), tuple(said)))
    return changes


def _count_negations(words: tuple[str, ...]) -> int:
    return sum(word in NEGATIONS for word in words)


def numbers_in(text: str, *, language: str) -> tuple[str, ...]:
    """Every number of a text as its digits, for people to compare."""
    runs = groupby(normalise_words(text, language), key=str.isdigit)
    return tuple("".join(digits) for numeric, digits in runs if numeric)
