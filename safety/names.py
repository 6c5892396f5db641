"""Names of protected people, found however they are spelt: case, accents, other scripts, disguises, usual variants.

A name comes down to keys, and two names may be one person's when they share a key. The keys are made so that variants
fall together (Jürgen and Juergen, Sofia and Sophia, Catherine and Katherine), not so that they tell people apart: a
namesake is a reason to ask, never a proof.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from safety.script.views import fold, views

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe", "ß": "ss"})
_VARIANTS = (  # in this order; each on the result of the one before
    ("ph", "f"),
    ("tsch", "ch"),
    ("sch", "sh"),
    ("cz", "ch"),
    ("ck", "k"),
    ("qu", "kv"),
    ("x", "ks"),
    ("th", "t"),
    ("dt", "t"),
    ("gh", "g"),
    ("kh", "h"),
    ("ae", "e"),
    ("oe", "o"),
    ("ue", "u"),
    ("ou", "u"),
    ("ij", "i"),
    ("ie", "i"),
    ("y", "i"),
    ("j", "i"),
    ("w", "v"),
    ("z", "s"),
)
_SOFT_C = re.compile(r"c(?=[ei])")
_HARD_C = re.compile(r"c(?!h)")
_DOUBLED = re.compile(r"(.)\1+")
_LEAST_LETTERS = 2


def keys(*names: str) -> list[str]:
    """What these names come down to, sorted; a name without letters has no key."""
    return sorted({key for name in names for reading in _readings(name) for key in _keys_of(reading)})


def _readings(name: str) -> Iterable[str]:
    """The name as it is read through each disguise, with umlauts spelt out and without."""
    composed = unicodedata.normalize("NFKC", name).casefold()
    spelt = {composed, composed.translate(_UMLAUTS), composed.replace("-", " "), composed.replace("-", "")}
    yield from (fold(text) for text in spelt)
    yield from (view.text for text in spelt for view in views(text, vocabulary=frozenset()))


def _keys_of(reading: str) -> Iterable[str]:
    words = [word for word in reading.split() if word != "." and any(letter.isalpha() for letter in word)]
    if sum(map(len, words)) < _LEAST_LETTERS:
        return
    yield " ".join(words)
    yield "~" + " ".join(_sound(word) for word in words)


def _sound(word: str) -> str:
    """A word with spellings that sound alike written alike; the first letter counts like every other."""
    for written, heard in _VARIANTS:
        word = word.replace(written, heard)
    word = _HARD_C.sub("k", _SOFT_C.sub("s", word))
    return _DOUBLED.sub(r"\1", word)
