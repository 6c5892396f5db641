"""Compiles the phrase notation of the data files into patterns that cannot backtrack without bound.

A phrase is words with single spaces. `a|b` is either word, `a_b` two words as one choice, `word*` any word with that
stem; a word of four letters or more may take an `s`. A final `?` makes the choice optional, `...` stands for up to
four words of the same sentence, `#` for a number of three digits or more or the word for one, and `<kin>` for the
word list of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from safety.script.views import fold

_GAP = r"(?:\w{1,24} ){0,4}"
_TAKES_PLURAL = 4
_STEM_REST = r"\w{0,12}"
_NUMBER = r"(?:\d{3,24}|hundred|thousand|million|hundert|tausend|cent|mille|cien|mil|cento|mila|cem|honderd|duizend)"


def compile_phrases(phrases: Iterable[str], *, words: Mapping[str, str]) -> re.Pattern[str]:
    """One pattern for all `phrases`, to be searched in the text of a `View`."""
    return re.compile("(?<= )(?:" + "|".join(_phrase(phrase, words) for phrase in phrases) + ")")


def literal_words(phrases: Iterable[str], *, words: Mapping[str, str]) -> set[str]:
    """Every word, and every stem, that the phrases spell out."""
    return {
        part
        for phrase in phrases
        for element in phrase.split(" ")
        for option in _expand(element.removesuffix("?"), words).split("|")
        for part in fold(option.removesuffix("*").replace("_", " ")).split()
    }


def _phrase(phrase: str, words: Mapping[str, str]) -> str:
    return "".join(_element(element, words) for element in phrase.split(" "))


def _element(element: str, words: Mapping[str, str]) -> str:
    if element == "...":
        return _GAP
    optional = element.endswith("?")
    options = "|".join(_option(option) for option in _expand(element.removesuffix("?"), words).split("|"))
    return f"(?:(?:{options}) )" + ("?" if optional else "")


def _expand(element: str, words: Mapping[str, str]) -> str:
    return "|".join(
        words[option[1:-1]] if option.startswith("<") else option for option in element.split("|") if option
    )


def _option(option: str) -> str:
    if option == "#":
        return _NUMBER
    literal = re.escape(fold(option.replace("_", " "))).replace(r"\ ", " ")
    if option.endswith("*"):
        return literal + _STEM_REST
    return literal + ("s?" if len(option) >= _TAKES_PLURAL and not option.endswith("s") else "")
