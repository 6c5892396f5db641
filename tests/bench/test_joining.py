from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.spoofing.joining import fitted, strongest, summed


def normal(mean: float, count: int, *, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(mean, 1.0, count)


TWO = {
    "first": {"bonafide": normal(0.0, 40_000, seed=1), "a machine": normal(1.0, 40_000, seed=2)},
    "second": {"bonafide": 3.0 * normal(0.0, 40_000, seed=3), "a machine": 3.0 * normal(2.0, 40_000, seed=4)},
}


def test_normal_scores_get_the_slopes_and_the_offset_of_their_likelihood_ratio() -> None:
    slopes, offset = fitted(TWO)
    assert slopes == {"first": pytest.approx(1.0, abs=0.05), "second": pytest.approx(2 / 3, abs=0.03)}
    assert offset == pytest.approx(-0.5 - 2.0, abs=0.1)


def test_a_system_of_many_clips_weighs_no_more_than_one_of_few() -> None:
    """Systems on either side of bona fide speech: only their shares say in which direction machines lie."""
    people, few, many = normal(0.0, 5_000, seed=1), normal(2.0, 500, seed=2), normal(-2.0, 5_000, seed=3)
    slopes, _ = fitted({"only": {"bonafide": people, "few": few, "many": many}})
    assert slopes["only"] == pytest.approx(0.0, abs=0.03)


def test_scores_that_part_both_sides_without_error_are_joined_too() -> None:
    slopes, offset = fitted({"only": {"bonafide": np.array([-900.0, -800.0]), "a": np.array([800.0, 900.0])}})
    assert np.isfinite([slopes["only"], offset]).all()
    assert slopes["only"] > 0


def test_the_strongest_score_is_not_talked_away_by_the_other() -> None:
    said = {"first": np.array([0.5, 0.5, 4.0]), "second": np.array([3.0, 12.0, -12.0])}
    alone = [summed({name: TWO[name]})({name: said[name]}) for name in said]
    assert strongest(TWO)(said).tolist() == np.maximum(*alone).tolist()
    assert strongest(TWO)(said)[2] > 2.0 > summed(TWO)(said)[2]
