"""Cologne phonetics: the code of a German word, the same for words that sound the same. Pure.

After Postel, *Die Kölner Phonetik* (IBM-Nachrichten 19, 1969): a digit for each consonant by its neighbours, runs
joined, vowels kept only at the beginning.
"""

from __future__ import annotations

from itertools import groupby

VOWELS = frozenset("aeijouy")
_PLAIN = {
    **dict.fromkeys(VOWELS, "0"),
    **dict.fromkeys("bp", "1"),
    **dict.fromkeys("dt", "2"),
    **dict.fromkeys("fvw", "3"),
    **dict.fromkeys("gkq", "4"),
    "l": "5",
    **dict.fromkeys("mn", "6"),
    "r": "7",
    **dict.fromkeys("sz", "8"),
    "h": "",
}
_HARD_AT_THE_START, _HARD = frozenset("ahkloqrux"), frozenset("ahkoqux")


def cologne(word: str) -> str:
    """The code of a word in the letters a to z; other letters are passed over."""
    letters = [letter for letter in word.lower() if "a" <= letter <= "z"]
    digits = [
        _digit(letter, letters[place - 1] if place else "", letters[place + 1] if place + 1 < len(letters) else "")
        for place, letter in enumerate(letters)
    ]
    code = "".join(digit for digit, _ in groupby("".join(digits)))
    return code[:1] + code[1:].replace("0", "")


def _digit(letter: str, before: str, after: str) -> str:
    if letter == "p" and after == "h":
        return "3"
    if letter in "dt" and after and after in "csz":
        return "8"
    if letter == "x":
        return "8" if before and before in "ckq" else "48"
    if letter == "c":
        return _digit_of_c(before, after)
    return _PLAIN[letter]


def _digit_of_c(before: str, after: str) -> str:
    """C sounds as K at the beginning of a word and before dark vowels, else as S."""
    if not before:
        return "4" if after in _HARD_AT_THE_START else "8"
    return "4" if after in _HARD and before not in "sz" else "8"
