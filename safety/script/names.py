"""Finds people in public life: their whole names in a script, and whether the script speaks as them."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safety.script.views import fold, views

_DATA = Path(__file__).resolve().parent.parent / "data"
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "å": "aa"})
_TITLES_IN_A_ROW = 6
_LONGEST_CLAIM = 4


@dataclass(frozen=True)
class PublicFigure:
    """A person in public life; `shared_name` says that many private people bear the name."""

    name: str
    role: str
    country: str
    aliases: tuple[str, ...]
    shared_name: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Mention:
    """A public figure's whole name in a view: `claim` is "none", "possible" or "plain" first-person speech."""

    figure: PublicFigure
    claim: str
    words: str


@dataclass(frozen=True)
class _Grammar:
    strong: frozenset[tuple[str, ...]]
    weak: frozenset[tuple[str, ...]]
    after: frozenset[tuple[str, ...]]
    after_weak: frozenset[tuple[str, ...]]
    titles: frozenset[str]


@cache
def public_figures() -> tuple[PublicFigure, ...]:
    lines = (_DATA / "public_figures.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")][1:]
    return tuple(
        PublicFigure(name, role, country, tuple(alias for alias in aliases.split(",") if alias), shared == "yes")
        for name, role, country, aliases, shared in rows
    )


def public_figure(name: str) -> PublicFigure | None:
    """The public figure whom `name`, the name of a voice or a speaker, contains in any disguise; None when nobody."""
    for view in views(name, vocabulary=name_words()):
        for mention in mentions(view.text):
            return mention.figure
    return None


def mentions(text: str) -> Iterator[Mention]:
    """Every whole name in `text`, the text of a view; a surname alone is never one."""
    words = text.split()
    start = 0
    while start < len(words):
        found = _longest(words, start)
        if found is None:
            start += 1
            continue
        figure, length = found
        yield _mention(figure, words, start, start + length)
        start += length


@cache
def name_words() -> frozenset[str]:
    """Every word of every name, for putting spaces back."""
    return frozenset(word for names in _index().values() for name, _ in names for word in name)


@cache
def _index() -> dict[str, tuple[tuple[tuple[str, ...], PublicFigure], ...]]:
    """First word of a name -> the names that start with it, the longest first; also each name in one word."""
    index: dict[str, dict[tuple[str, ...], PublicFigure]] = defaultdict(dict)
    for figure in public_figures():
        for name in figure.names:
            for spelling in (name, name.translate(_UMLAUTS), name.replace("-", "")):
                words = tuple(fold(spelling).split())
                index[words[0]].setdefault(words, figure)
                if len(words) > 1:
                    index["".join(words)].setdefault(("".join(words),), figure)
    return {
        first: tuple(sorted(names.items(), key=lambda item: len(item[0]), reverse=True))
        for first, names in index.items()
    }


@cache
def _grammar() -> _Grammar:
    data: dict[str, list[str]] = tomllib.loads((_DATA / "first_person.toml").read_text(encoding="utf-8"))
    split = {key: frozenset(tuple(phrase.split()) for phrase in phrases) for key, phrases in data.items()}
    return _Grammar(split["strong"], split["weak"], split["after"], split["after_weak"], frozenset(data["titles"]))


def _longest(words: Sequence[str], start: int) -> tuple[PublicFigure, int] | None:
    for name, figure in _index().get(words[start], ()):
        if tuple(words[start : start + len(name)]) == name:
            return figure, len(name)
    return None


def _mention(figure: PublicFigure, words: Sequence[str], start: int, end: int) -> Mention:
    """Look back over titles and on past the name for the words of a first-person claim."""
    grammar = _grammar()
    following = {tuple(words[end : end + length]) for length in (1, 2, 3)}
    spoken_after = not following.isdisjoint(grammar.after)
    first = start
    while True:
        before = {tuple(words[max(0, first - length) : first]) for length in range(1, _LONGEST_CLAIM + 1)}
        strong, weak = not before.isdisjoint(grammar.strong), not before.isdisjoint(grammar.weak)
        if strong or weak or start - first == _TITLES_IN_A_ROW or first == 0 or words[first - 1] not in grammar.titles:
            break
        first -= 1
    introduced = weak and (end == len(words) or not following.isdisjoint(grammar.after_weak))
    claim = "plain" if strong or spoken_after or introduced else "possible" if weak else "none"
    return Mention(figure, claim, " ".join(words[max(0, first - 3) : end + 1]))
