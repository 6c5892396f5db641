"""Writes spoken numbers as digits, so that "four one one one" and "41 11" read alike."""

from __future__ import annotations

_DIGITS = (
    ("0", "zero oh null cero nul"),
    ("1", "one eins ein un une uno uma um een"),
    ("2", "two zwei zwo deux dos due dois duas twee"),
    ("3", "three drei trois tres tre drie"),
    ("4", "four vier quatre cuatro quattro quatro"),
    ("5", "five funf fuenf cinq cinco cinque vijf"),
    ("6", "six sechs seis sei zes"),
    ("7", "seven sieben sept siete sette sete zeven"),
    ("8", "eight acht huit ocho otto oito"),
    ("9", "nine neun neuf nueve nove negen"),
)
_SPOKEN = {word: digit for digit, words in _DIGITS for word in words.split()}
_REPEATS = {"double": 2, "doppel": 2, "triple": 3, "treble": 3}
_SHORTEST_RUN = 3


def write_digits(text: str) -> str:
    """`text` (words with single spaces) with every run of three or more digit words or groups joined."""
    written: list[str] = []
    run: list[str] = []
    digits = ""
    for word in [*text.split(" "), ""]:
        digit = word if word.isdecimal() else _SPOKEN.get(word, "")
        if digit or (word in _REPEATS):
            run.append(word)
            digits += digit * _pending_repeat(run) if digit else ""
            continue
        written += _close(run, digits)
        written.append(word)
        run, digits = [], ""
    return " ".join(written[:-1])


def _pending_repeat(run: list[str]) -> int:
    return _REPEATS.get(run[-2], 1) if len(run) > 1 else 1


def _close(run: list[str], digits: str) -> list[str]:
    numerals = sum(1 for word in run if word.isdecimal())
    return [digits] if len(run) >= _SHORTEST_RUN or numerals > 1 else run
