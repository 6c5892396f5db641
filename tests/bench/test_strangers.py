from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.spoofing.material import Clip
from bench.spoofing.scorers import distance, linear
from bench.spoofing.strangers import FOLDS, Mask, scores_of_strangers
from bench.spoofing.table import Table

RECIPE = ("flite", "espeak-ng", "WORLD copy", "smoothed WORLD copy")


@pytest.fixture
def known() -> Table:
    """Thirty people, and five clips by each system: every clip is one row, machines lie higher in both features."""
    people = [Clip(f"p{i}", "bonafide", "s", f"p{i}", "train", Path()) for i in range(30)]
    made = [Clip(f"{name}{i}", name, name, f"{name}{i}", "train", Path()) for name in RECIPE for i in range(5)]
    clips = [*people, *made]
    draw = np.random.default_rng(1)
    features = draw.normal(0, 1, (len(clips), 2)) + 4.0 * np.array([[not clip.bona_fide] for clip in clips])
    nothing = np.zeros(len(clips), np.int64)
    return Table(clips, features.astype(np.float32), np.arange(len(clips)), nothing)


class Counting:
    """Scores 1 whatever it was fitted on and 0 the rest, told apart by the first feature."""

    def __init__(self, features: NDArray[np.float32]) -> None:
        self._known = set(features[:, 0].tolist())

    def score(self, features: NDArray[np.float32]) -> NDArray[np.floating]:
        return np.array([float(value in self._known) for value in features[:, 0].tolist()])


def test_nothing_is_scored_by_a_network_that_knew_it(known: Table) -> None:
    fitted: list[set[str]] = []

    def fit(table: Table, rows: Mask) -> Counting:
        fitted.append(set(table.systems[rows]) - {"bonafide"})
        return Counting(table.features[rows])

    scores = scores_of_strangers(known, known.train, fit=fit, kin={"smoothed WORLD copy": "WORLD copy"})
    assert {name: len(values) for name, values in scores.items()} == {"bonafide": 30, **dict.fromkeys(RECIPE, 5)}
    assert not np.concatenate(list(scores.values())).any()
    assert fitted[FOLDS:] == [set(RECIPE[:2]), set(RECIPE) - {"espeak-ng"}, set(RECIPE) - {"flite"}]


@pytest.mark.parametrize("fit", [linear, distance])
def test_machines_score_above_people(known: Table, fit: object) -> None:
    scores = fit(known, known.train).score(known.features)  # type: ignore[operator]
    assert scores[known.made].min() > np.median(scores[~known.made])


def test_distance_does_not_look_at_what_machines_say(known: Table) -> None:
    moved = Table(known.clips, np.where(known.made[:, None], 99.0, known.features), known.clip, known.way)
    one, other = (distance(table, known.train).score(known.features) for table in (known, moved))
    assert one == pytest.approx(other)
