"""Finds intents: combinations of cues that stand close together in one view of a script."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from safety.script.phrases import compile_phrases, literal_words

DATA = Path(__file__).resolve().parent.parent / "data" / "intents.toml"
_NEGATION_REACH = 3


@dataclass(frozen=True)
class Hit:
    """Where a cue was seen, as character offsets in the view."""

    start: int
    end: int
    cue: str


@dataclass(frozen=True)
class Intent:
    """A combination of cues that means something when they stand within `within` characters."""

    rule: str
    severity: str
    cues: tuple[str, ...]
    within: int
    explanation: str


@dataclass(frozen=True)
class Sighting:
    """An intent that was seen, with the words that gave it away."""

    intent: Intent
    words: tuple[str, ...]


@dataclass(frozen=True)
class IntentBook:
    """The compiled data file: patterns of the cues, the intents, and every word the patterns spell out."""

    patterns: dict[str, re.Pattern[str]]
    negatable: frozenset[str]
    negators: frozenset[str]
    conditions: frozenset[str]
    intents: tuple[Intent, ...]
    vocabulary: frozenset[str]

    def hits(self, text: str, cue: str) -> list[Hit]:
        found = [Hit(match.start(), match.end(), cue) for match in self.patterns[cue].finditer(text)]
        if cue in self.negatable:
            return [hit for hit in found if not self._negated(text, hit.start)]
        return found

    def sightings(self, text: str) -> list[Sighting]:
        """Every intent in `text`, the text of a view."""
        hits = {cue: self.hits(text, cue) for cue in {cue for intent in self.intents for cue in intent.cues}}
        seen = []
        for intent in self.intents:
            window = _closest([hits[cue] for cue in intent.cues], within=intent.within)
            if window:
                words = tuple(text[hit.start : hit.end].strip() for hit in sorted(window, key=lambda hit: hit.start))
                seen.append(Sighting(intent, words))
        return seen

    def _negated(self, text: str, start: int) -> bool:
        before = text[max(0, start - 80) : start].rpartition(" . ")[2].split()
        return not self.negators.isdisjoint(before[-_NEGATION_REACH:]) and self.conditions.isdisjoint(before)


def _closest(hits: Sequence[Sequence[Hit]], *, within: int) -> list[Hit]:
    """The first window of at most `within` characters with one hit of each list; empty when there is none."""
    if not all(hits):
        return []
    stream = sorted((hit for group in hits for hit in group), key=lambda hit: hit.start)
    latest: dict[str, Hit] = {}
    for hit in stream:
        latest[hit.cue] = hit
        if len(latest) == len(hits) and hit.end - min(seen.start for seen in latest.values()) <= within:
            return list(latest.values())
    return []


@cache
def intent_book() -> IntentBook:
    data: dict[str, Any] = tomllib.loads(DATA.read_text(encoding="utf-8"))
    words: dict[str, str] = data["words"]
    cues: dict[str, dict[str, Any]] = data["cues"]
    intents = tuple(Intent(**{**entry, "cues": tuple(entry["cues"])}) for entry in data["intents"])
    return IntentBook(
        patterns={name: compile_phrases(cue["phrases"], words=words) for name, cue in cues.items()},
        negatable=frozenset(name for name, cue in cues.items() if cue.get("negatable", False)),
        negators=frozenset(data["negators"]["words"]),
        conditions=frozenset(data["negators"]["conditions"]),
        intents=intents,
        vocabulary=frozenset(literal_words(_all_phrases(cues), words=words)),
    )


def _all_phrases(cues: dict[str, dict[str, Any]]) -> Iterable[str]:
    return (phrase for cue in cues.values() for phrase in cue["phrases"])
