"""The ways a script can be read: each view undoes one more disguise than the one before it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from safety.script.confusables import confusables
from safety.script.spacing import respace
from safety.script.spoken import write_digits

_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and symbols that show nothing
_APOSTROPHES = re.compile(r"['\u2018\u2019\u02bc\u2032`\u00b4]")
_ABBREVIATION = re.compile(r"\b(mr|mrs|ms|dr|sen|rep|gov|gen|prof|st|sgt|det|insp|lt|capt|col|hr|fr|sr|sra|jr|no)\.")
_BREAK = re.compile(r"(?<!\b\w)(?<![.!?;\n\u3002\u2026])[.!?;\n\u3002\u2026]++(?=\s|$)")
_OTHER = re.compile(r"[^\w.]+|_+|\.(?! )|(?<! )\.")
_INNER_MARK = re.compile(r"(?<=\w)[-\u2010-\u2015.*_~^+=/\\|,\u00b7\u2022]+(?=\w)")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_LEET_WORD = re.compile(r"[\w@$!|+\u20ac]+")
_LONGEST_BARE_LEET = 2  # "1 am", "70" for "to"; longer bare numbers are numbers
_LEET = str.maketrans("034578@$+\u20ac9", "oeastbasteg")
_ONE_AS_I = str.maketrans("1!|", "iil")
_ONE_AS_L = str.maketrans("1!|", "lil")


@dataclass(frozen=True)
class View:
    """One reading: lower-case words framed by single spaces, " . " before each sentence."""

    name: str
    text: str


def views(text: str, *, vocabulary: Collection[str]) -> tuple[View, ...]:
    """Every distinct reading of `text`, the plainest first; `vocabulary` serves to put spaces back."""
    visible = _strip(text)
    folded = _fold(visible)
    drawn = _fold(visible.translate(confusables().looks))
    heard = _fold(visible.translate(confusables().sounds))
    leet_i, leet_l = _undo_leet(drawn, _ONE_AS_I), _undo_leet(drawn, _ONE_AS_L)
    readings = [
        ("plain", _words(folded)),
        ("look-alike", _words(drawn)),
        ("transliterated", _words(heard)),
        ("leet", _words(leet_i)),
        ("leet-l", _words(leet_l)),
        ("joined", _words(_join(drawn))),
        ("leet-joined", _words(_join(leet_i))),
        ("leet-l-joined", _words(_join(leet_l))),
    ]
    readings = [(name, _calm(words, vocabulary)) if "joined" in name else (name, words) for name, words in readings]
    readings += [(f"{name}-respaced", respace(words, vocabulary=vocabulary)) for name, words in readings]
    readings += [(f"{name}-spoken", write_digits(words)) for name, words in readings]
    distinct: dict[str, str] = {}
    for name, words in readings:
        distinct.setdefault(words, name)
    return tuple(View(name, f" . {words} ") for words, name in distinct.items())


def fold(text: str) -> str:
    """The plain reading of a name or a phrase: lower case, no accents, single spaces."""
    return _words(_fold(_strip(text).translate(confusables().looks)))


def _strip(text: str) -> str:
    """Without format characters, blanks and overlays, compatibility forms made plain; accents go with the overlays."""
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if character not in _BLANKS and unicodedata.category(character) not in {"Cf", "Mn", "Me"}
    )


def _fold(text: str) -> str:
    return _APOSTROPHES.sub("", text.casefold())


def _words(text: str) -> str:
    return " ".join(_OTHER.sub(" ", _BREAK.sub(" . ", _ABBREVIATION.sub(r"\1 ", text))).split())


def _undo_leet(text: str, one: dict[int, int]) -> str:
    return _LEET_WORD.sub(lambda match: _undo_leet_word(match.group(), one), text)


def _undo_leet_word(word: str, one: dict[int, int]) -> str:
    if len(word) > _LONGEST_BARE_LEET and not any(letter.isalpha() for letter in word):
        return word
    closing = "!" if word.endswith("!") else ""
    return word.removesuffix("!").translate(_LEET).translate(one) + closing


def _join(text: str) -> str:
    return _INNER_MARK.sub("", text)


def _calm(words: str, vocabulary: Collection[str]) -> str:
    """Letters said three times or more become one, or two where only that makes a word: "telllll" is "tell"."""
    return " ".join(_calm_word(word, vocabulary) for word in words.split(" "))


def _calm_word(word: str, vocabulary: Collection[str]) -> str:
    once, twice = _DRAWN_OUT.sub(r"\1", word), _DRAWN_OUT.sub(r"\1\1", word)
    return twice if twice in vocabulary and once not in vocabulary else once
