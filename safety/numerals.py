"""Writes English numbers one way, so that `1998`, `nineteen ninety-eight` and `15th` compare as they sound."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SMALL_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen"""
_SMALL_ORDINAL_WORDS = """
zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth"""
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS_ORDINAL_WORDS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"


def _numbered(small: str, tens: str) -> dict[str, int]:
    units = {word: number for number, word in enumerate(small.split())}
    return units | {word: 20 + 10 * number for number, word in enumerate(tens.split())}


CARDINALS = _numbered(_SMALL_WORDS, _TENS_WORDS)
ORDINALS = _numbered(_SMALL_ORDINAL_WORDS, _TENS_ORDINAL_WORDS)
SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
ARTICLES = frozenset({"a", "an"})
ORDINAL_MARK = "th"
_SUFFIXED = re.compile(r"(\d+)(st|nd|rd|th)")


def spell_digits(words: Sequence[str]) -> list[str]:
    """Every number as its digits, one word each: `twenty four`, `24` and `2 4` all become `2 4`.

    An ordinal keeps a `th` behind its digits. What is read aloud in one way and written in another thus costs nothing,
    and a wrong digit costs one word.
    """
    result: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        if suffixed := _SUFFIXED.fullmatch(word):
            result += [*suffixed[1], ORDINAL_MARK]
        elif _is_digits(word) and not _scaled(words, position + 1):
            result += list(word)
        elif word in CARDINALS or word in ORDINALS or _is_digits(word) or _begins_with_article(words, position):
            digits, position = _read_number(words, position)
            result += digits
            continue
        else:
            result.append(word)
        position += 1
    return result


def _is_digits(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _scaled(words: Sequence[str], position: int) -> bool:
    return position < len(words) and words[position] in SCALES


def _begins_with_article(words: Sequence[str], position: int) -> bool:
    """Whether here stands `a hundred` or the like: as many as one hundred."""
    return words[position] in ARTICLES and _scaled(words, position + 1)


def _value(word: str) -> int | None:
    if _is_digits(word):
        return int(word)
    return 1 if word in ARTICLES else CARDINALS.get(word, ORDINALS.get(word))


def _read_number(words: Sequence[str], start: int) -> tuple[list[str], int]:
    """The digits of the number that begins at `start`, and where it ends."""
    total, group, position = 0, 0, start
    previous_size, smallest = _ANY, _ANY
    while position < len(words):
        word = words[position]
        if word in SCALES:
            scale = SCALES[word]
            if not group or (scale == _HUNDRED and group >= _HUNDRED) or (scale > _HUNDRED and scale >= smallest):
                break
            group *= scale
            if scale > _HUNDRED:
                total, group, smallest = total + group, 0, scale
            previous_size = scale
        elif word == "and" and previous_size in SCALES.values() and _continues(words, position + 1):
            pass
        elif (value := _value(word)) is not None and (position == start or _may_follow(word, value, previous_size)):
            group += value
            previous_size = 10 if value >= _TWENTY else 1
            if word in ORDINALS:
                return [*str(total + group), ORDINAL_MARK], position + 1
        else:
            break
        position += 1
    return list(str(total + group)), position


_ANY = 10**12
_HUNDRED = 100
_TWENTY = 20


def _continues(words: Sequence[str], position: int) -> bool:
    return position < len(words) and (words[position] in CARDINALS or words[position] in ORDINALS)


def _may_follow(word: str, value: int, previous_size: int) -> bool:
    """Whether a number word may stand inside a number that has begun: units after tens, anything after a scale."""
    if _is_digits(word) or word in ARTICLES:
        return False
    if previous_size >= _HUNDRED:
        return True
    return previous_size == 10 and 0 < value < 10  # noqa: PLR2004 (tens and units)
