"""Scores of clips by networks that knew neither their speaker nor what made them: what calibrates, and what decides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.spoofing import material
from bench.spoofing.rates import calibrated
from bench.spoofing.table import Table
from bench.spoofing.training import train
from safety.spoofing.network import Card

FOLDS = 5
HELD_OF_BONA_FIDE, CALLED_OF_BONA_FIDE = 0.03, 0.005
BONA_FIDE = "bonafide"
Mask = NDArray[np.bool_]


class Scorer(Protocol):
    """Whatever gives each row of features a score, above others for a machine."""

    def score(self, features: NDArray[np.float32]) -> NDArray[np.floating]: ...


Fit = Callable[[Table, Mask], Scorer]


def fit(known: Table, rows: Mask) -> Scorer:
    """The networks that are shipped."""
    return train(known.features[rows], made=known.made[rows], systems=known.systems[rows])


def scores_of_strangers(
    known: Table, rows: Mask, *, fit: Fit = fit, kin: Mapping[str, str] | None = None
) -> dict[str, NDArray[np.float64]]:
    """By system, mean scores per clip and way; systems with the same `kin` are left out together."""
    fold = np.array([int(material.draw(clip.speaker) * FOLDS) for clip in known.clips])[known.clip]
    family = np.array([(kin or {}).get(name, name) for name in known.systems])
    scores = np.full(len(known.clip), np.nan)
    for number in range(FOLDS):
        stranger = rows & (fold == number)
        scores[stranger & ~known.made] = fit(known, rows & ~stranger).score(known.features[stranger & ~known.made])
    for name in sorted(set(family[rows & known.made])):
        stranger = rows & (family == name)
        scores[stranger] = fit(known, rows & ~stranger).score(known.features[stranger])
    return _by_system(known, rows, scores)


def _by_system(known: Table, rows: Mask, scores: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    found: dict[str, list[float]] = {}
    for clip in np.unique(known.clip[rows]):
        for way in np.unique(known.way[rows]):
            chosen = rows & (known.clip == clip) & (known.way == way)
            found.setdefault(known.clips[clip].system, []).append(float(scores[chosen].mean()))
    return {system: np.array(values) for system, values in found.items()}


def card(known: Table, rows: Mask, scores: Mapping[str, NDArray[np.float64]], *, weights: bytes) -> Card:
    """Calibrated on the scores of strangers."""
    bona_fide = scores[BONA_FIDE]
    made = np.concatenate([values for system, values in scores.items() if system != BONA_FIDE])
    slope, offset = calibrated(bona_fide, made)
    ratios = np.sort(offset + slope * bona_fide)
    source: dict[str, Any] = {
        "bona_fide_recordings": len(bona_fide),
        "made_recordings": len(made),
        "held_of_bona_fide": HELD_OF_BONA_FIDE,
        "called_spoofed_of_bona_fide": CALLED_OF_BONA_FIDE,
        "systems": sorted(set(known.systems[rows & known.made])),
    }
    return Card(
        id="",
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        slope=round(slope, 4),
        offset=round(offset, 4),
        cap=round(float(np.log(min(len(bona_fide), len(made)))), 4),
        bona_fide=round(float(np.quantile(ratios, 1 - HELD_OF_BONA_FIDE)), 4),
        spoofed=round(float(np.quantile(ratios, 1 - CALLED_OF_BONA_FIDE)), 4),
        source=source,
    )
