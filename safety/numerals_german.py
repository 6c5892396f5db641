"""Writes German numbers one way, so that `1998` and `neunzehnhundertachtundneunzig` compare as they sound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

_UNITS = {"null": 0, "ein": 1, "eins": 1, "zwei": 2, "zwo": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7}
_UNITS |= {"acht": 8, "neun": 9}
_TEENS = {"zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15, "sechzehn": 16}
_TEENS |= {"siebzehn": 17, "achtzehn": 18, "neunzehn": 19}
_TENS = {"zwanzig": 20, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80}
_TENS |= {"neunzig": 90}
_LARGE = {"million": 10**6, "millionen": 10**6, "milliarde": 10**9, "milliarden": 10**9}
_ORDINALS = {"erst": 1, "dritt": 3, "siebt": 7, "acht": 8}  # the others are the number with a t, from 20 with st
_ORDINAL = re.compile(r"(.+?)(?:e|er|en|em|es)")
_ARTICLES = frozenset({"ein", "eine", "einen", "einem", "einer", "eines"})
_LONGEST_RUN = 9
_HUNDRED, _THOUSAND, _TWENTY = 100, 1_000, 20


def spell_digits(words: Sequence[str]) -> list[str]:
    """Every number as its digits, one word each: `vierundzwanzig`, `vier und zwanzig` and `24` all become `2 4`.

    An ordinal is written as its number, for in writing only a full stop makes the difference. `ein` alone is no number.
    """
    return list(_spelt(words))


def _spelt(words: Sequence[str]) -> Iterator[str]:
    position = 0
    while position < len(words):
        value, taken = _longest(words, position)
        if value is not None:
            yield from str(value)
        elif _is_digits(words[position]):
            yield from words[position]
        else:
            yield words[position]
        position += taken


def _longest(words: Sequence[str], start: int) -> tuple[int | None, int]:
    """The number that the most words from `start` make, and how many they are; None where there is no number."""
    if _is_digits(words[start]):
        return _digits(words, start)
    total, taken = 0, 0
    while start + taken < len(words):
        value, more = _group(words, start + taken)
        if value is None or (taken and (more == 1 and words[start + taken] in _ARTICLES)):
            break
        scale = _LARGE.get(words[start + taken + more]) if start + taken + more < len(words) else None
        if scale is None:
            return total + value, taken + more
        total, taken = total + value * scale, taken + more + 1
    if taken:
        return total, taken
    return None, 1


def _digits(words: Sequence[str], start: int) -> tuple[int | None, int]:
    """Digits, with the scale behind them; no number, but digits one by one, where they begin with a zero."""
    word = words[start]
    following = words[start + 1] if start + 1 < len(words) else ""
    scale = {"tausend": _THOUSAND, **_LARGE}.get(following)
    if scale is not None:
        return int(word) * scale, 2
    return (None, 1) if word.startswith("0") and len(word) > 1 else (int(word), 1)


def _group(words: Sequence[str], start: int) -> tuple[int | None, int]:
    """The longest run of words that, written together, is one number below a million."""
    if words[start] not in _ARTICLES - {"ein"} and words[start] not in _LARGE:
        for length in range(min(_LONGEST_RUN, len(words) - start), 0, -1):
            run = words[start : start + length]
            value = _value("".join(run))
            if value is not None and run != ["ein"] and all(map(_is_part, run)):
                return value, length
    following = words[start + 1] if start + 1 < len(words) else ""
    return (1, 1) if words[start] in _ARTICLES and following in _LARGE else (None, 1)


def _is_part(word: str) -> bool:
    return word in {"und", "hundert", "tausend", "ein"} or _value(word) is not None


@cache
def _value(word: str) -> int | None:
    """The number that one written word is, cardinal or ordinal."""
    cardinal = _below_million(word)
    if cardinal is not None:
        return cardinal
    inflected = _ORDINAL.fullmatch(word)
    return _ordinal(inflected[1]) if inflected else None


def _ordinal(stem: str) -> int | None:
    """`einundzwanzigst` is 21, `hundertdritt` is 103."""
    for ending, last in _ORDINALS.items():
        if stem == ending:
            return last
        if stem.endswith(ending):
            before = _below_million(stem.removesuffix(ending).removesuffix("und"))
            if before is not None and before % _HUNDRED == 0:
                return before + last
    long = stem.endswith("st")
    value = _below_million(stem.removesuffix("st" if long else "t")) if stem.endswith("t") else None
    if value is None or value <= 1:
        return None
    return value if long == (value % _HUNDRED >= _TWENTY or value % _HUNDRED == 0) else None


def _below_million(word: str) -> int | None:
    before, found, after = word.partition("tausend")
    if not found:
        return _below_thousand(word)
    thousands = _below_thousand(before) if before else 1
    rest = _below_thousand(after.removeprefix("und")) if after else 0
    return None if thousands is None or rest is None or rest >= _THOUSAND else thousands * _THOUSAND + rest


def _below_thousand(word: str) -> int | None:
    """Hundreds may be counted up to nineteen, as years are."""
    before, found, after = word.partition("hundert")
    if not found:
        return _below_hundred(word)
    hundreds = {**_UNITS, **_TEENS}.get(before) if before else 1
    rest = _below_hundred(after.removeprefix("und")) if after else 0
    return None if not hundreds or rest is None else hundreds * _HUNDRED + rest


def _below_hundred(word: str) -> int | None:
    for table in (_UNITS, _TEENS, _TENS):
        if word in table:
            return table[word]
    unit, found, ten = word.partition("und")
    if found and unit in _UNITS and ten in _TENS:
        return _UNITS[unit] + _TENS[ten]
    return None


def _is_digits(word: str) -> bool:
    return word.isascii() and word.isdigit()
