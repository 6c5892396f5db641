"""What the detector finds and misses: per system, seen and unseen, per source, as recorded and after other ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spoofing.material import Clip
from bench.spoofing.rates import cllr, equal_error_rate, interval
from bench.spoofing.table import Table
from safety.spoofing.network import Card

WAYS = {0: "as recorded", 1: "after a way drawn at random"}
Groups = dict[str, NDArray[np.bool_]]


def clip_scores(table: Table, scores: NDArray[np.floating], *, part: str, way: int) -> dict[int, float]:
    """The mean score of each clip of a part, by the clip's index: what the detector decides on."""
    rows = (table.train == (part == "train")) & (table.way == way)
    return {int(clip): float(scores[rows & (table.clip == clip)].mean()) for clip in np.unique(table.clip[rows])}


def report(table: Table, scores: NDArray[np.floating], *, card: Card, seen: set[str]) -> dict[str, Any]:
    """Everything measured on the test part, of whose speakers and voices nothing was trained on."""
    return {name: _one_way(table, scores, way, card=card, seen=seen) for way, name in WAYS.items()}


def _one_way(table: Table, scores: NDArray[np.floating], way: int, *, card: Card, seen: set[str]) -> dict[str, Any]:
    by_clip = clip_scores(table, scores, part="test", way=way)
    clips = [table.clips[index] for index in by_clip]
    ratios = np.array([card.llr(score) for score in by_clip.values()])
    bona_fide = np.array([clip.bona_fide for clip in clips])
    known = np.array([clip.system in seen for clip in clips])
    systems = {name: np.array([clip.system == name for clip in clips]) for name in _names(clips, "system", made=True)}
    sources = {name: np.array([clip.source == name for clip in clips]) for name in _names(clips, "source", made=False)}
    spoken = {name: bona_fide & where for name, where in sources.items()}
    return {
        "systems": {
            name: {"seen": name in seen, **_found(ratios[where], ratios[bona_fide], card)}
            for name, where in systems.items()
        },
        "seen systems": _found(ratios[known], ratios[bona_fide], card),
        "unseen systems": _found(ratios[~known & ~bona_fide], ratios[bona_fide], card),
        "copies above their originals": {name: _pairs(clips, ratios, name) for name in sorted(known_copies(clips))},
        "bona fide": {"all": _alarms(ratios[bona_fide], card)}
        | {name: _alarms(ratios[where], card) for name, where in spoken.items()},
    }


def known_copies(clips: list[Clip]) -> set[str]:
    """Systems that copy recordings: their clips bear the original's name."""
    return {clip.system for clip in clips if clip.original}


def _pairs(clips: list[Clip], ratios: NDArray[np.float64], system: str) -> dict[str, Any]:
    """In how many pairs a copy scores above its own original: same voice, words and microphone, no shortcut."""
    originals = {clip.name: llr for clip, llr in zip(clips, ratios, strict=True) if clip.bona_fide}
    above = [
        llr > originals[clip.original]
        for clip, llr in zip(clips, ratios, strict=True)
        if clip.system == system and clip.original in originals
    ]
    return {"pairs": len(above), "above": sum(bool(hit) for hit in above)}


def _names(clips: list[Clip], attribute: str, *, made: bool) -> list[str]:
    return sorted({getattr(clip, attribute) for clip in clips if clip.bona_fide != made})


def _found(made: NDArray[np.float64], bona_fide: NDArray[np.float64], card: Card) -> dict[str, Any]:
    held = _rate(made, lambda llr: card.outcome(llr) != "bona_fide")
    return {
        "recordings": len(made),
        "eer": round(equal_error_rate(bona_fide, made), 4),
        "cllr": round(cllr(bona_fide, made), 4),
        "held": held,
        "called spoofed": _rate(made, lambda llr: card.outcome(llr) == "spoofed"),
    }


def _alarms(bona_fide: NDArray[np.float64], card: Card) -> dict[str, Any]:
    return {
        "recordings": len(bona_fide),
        "held": _rate(bona_fide, lambda llr: card.outcome(llr) != "bona_fide"),
        "called spoofed": _rate(bona_fide, lambda llr: card.outcome(llr) == "spoofed"),
    }


def _rate(ratios: NDArray[np.float64], hit: Callable[[float], bool]) -> dict[str, Any]:
    hits = sum(hit(float(llr)) for llr in ratios)
    low, high = interval(hits, len(ratios))
    return {"count": hits, "rate": round(hits / len(ratios), 4), "interval_95": [round(low, 4), round(high, 4)]}
