"""Puts spaces back where they belong: "s e n d m e" and "sendmethemoney" become words again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby

_LONGEST_WORD = 20
_SHORTEST_RUN = 4
_SUSPECT_LENGTH = 12
_LONGEST_REAL_WORD = 24
_USUAL_PIECE = 3.5
_KNOWN_COST = 2
_UNKNOWN_COST = 3


def respace(text: str, *, vocabulary: Collection[str]) -> str:
    """`text` with runs of single letters, and long unknown words, cut into words of `vocabulary`."""
    words: list[str] = []
    for single, group in groupby(text.split(" "), key=lambda word: len(word) == 1 and word != "."):
        members = list(group)
        if single and len(members) >= _SHORTEST_RUN:
            words += _cut("".join(members), vocabulary)
        elif single:
            words += members
        else:
            words += _cut_long_words(members, vocabulary)
    return " ".join(words)


def _cut_long_words(words: Iterable[str], vocabulary: Collection[str]) -> list[str]:
    return [part for word in words for part in _cut_long_word(word, vocabulary)]


def _cut_long_word(word: str, vocabulary: Collection[str]) -> list[str]:
    """A word longer than any is always cut; a long one, only when nothing but real words come out."""
    if len(word) < _SUSPECT_LENGTH or word in vocabulary:
        return [word]
    pieces = _cut(word, vocabulary)
    real = all(piece in vocabulary for piece in pieces) and len(word) >= _USUAL_PIECE * len(pieces)
    return pieces if real or len(word) > _LONGEST_REAL_WORD else [word]


def _cut(letters: str, vocabulary: Collection[str]) -> list[str]:
    """The cheapest cut of `letters` (dynamic programme, 20 look-ups a letter); unknown letters stay together."""
    best: list[tuple[int, int]] = [(0, 0)]
    for end in range(1, len(letters) + 1):
        options = [(best[end - 1][0] + _UNKNOWN_COST, end - 1)]
        options += [
            (best[start][0] + _KNOWN_COST, start)
            for start in range(max(0, end - _LONGEST_WORD), end)
            if letters[start:end] in vocabulary
        ]
        best.append(min(options))
    pieces: list[str] = []
    end = len(letters)
    while end:
        start = best[end][1]
        pieces.append(letters[start:end])
        end = start
    return _gather_unknown(reversed(pieces), vocabulary)


def _gather_unknown(pieces: Iterable[str], vocabulary: Collection[str]) -> list[str]:
    words: list[str] = []
    for known, group in groupby(pieces, key=lambda piece: piece in vocabulary):
        together = list(group)
        words += together if known else ["".join(together)]
    return words
