"""Whether a name was said: what was heard in its place, compared by its sound and by its spelling. Pure.

Ears write names as they please (`O'Cathore` for Okafor), so letters alone would find too many far off, and sounds alone
too few; both count half. Sounds are metaphones, and in German the Cologne code. The match rating approach (Moore, 1977)
was tried and left out: it takes Baker for Müller.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import jellyfish
from rapidfuzz.distance import Levenshtein

from consent.cologne import cologne

MOST_JOINED = 3
_SPELT = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "þ": "th", "ð": "d", "ı": "i"}


def name_likeness(name: Sequence[str], stretch: Sequence[str], *, language: str) -> float:
    """How much a name sounds through in what was heard in its place, 0 to 1: each word by its best match, long more.

    Args:
        name: the words of the name, bare and folded; none at all is nothing that could be missed.
        stretch: the words that were heard around its place.
        language: of the ceremony (BCP 47).
    """
    words = [folded for word in name if (folded := fold(word))]
    heard = [folded for word in stretch if (folded := fold(word))]
    offered = ["".join(heard[start:end]) for start in range(len(heard)) for end in _ends(start, len(heard))]
    weight = sum(map(len, words))
    best = [max((_alike(word, other, language) for other in offered), default=0.0) for word in words]
    return sum(len(word) * score for word, score in zip(words, best, strict=True)) / weight if weight else 1.0


def in_place_of(span: range, *, expected: Sequence[str], said: Sequence[str]) -> list[str]:
    """What was heard where `span` of the expected words belongs: all between what was heard rightly on either side."""
    first, last = 0, len(said)
    for block in reversed(Levenshtein.opcodes(expected, said)):
        if block.tag != "equal":
            continue
        if block.src_end > span.stop:
            last = block.dest_start + max(0, span.stop - block.src_start)
        if block.src_start < span.start:
            first = block.dest_start + min(span.start, block.src_end) - block.src_start
            break
    return list(said[first:last])


def fold(word: str) -> str:
    """Letters alone, without marks, in the Latin alphabet where they have a place in it."""
    spelt = "".join(_SPELT.get(sign, sign) for sign in word.casefold())
    return "".join(sign for sign in unicodedata.normalize("NFKD", spelt) if sign.isalpha())


def _ends(start: int, count: int) -> range:
    return range(start + 1, min(start + MOST_JOINED, count) + 1)


def _alike(word: str, other: str, language: str) -> float:
    spelling = Levenshtein.normalized_similarity(word, other)
    sound = Levenshtein.normalized_similarity(_sound(word, language), _sound(other, language))
    return (spelling + sound) / 2


def _sound(word: str, language: str) -> str:
    if not word.isascii():
        return word
    german = language.split("-", maxsplit=1)[0].lower() == "de"
    return cologne(word) if german else jellyfish.metaphone(word)
