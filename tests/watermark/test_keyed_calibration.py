"""Random keys on a sound score as chance does, however few cells carry it."""

from __future__ import annotations

import numpy as np

from watermark.keyed.calibration import RandomKeys
from watermark.keyed.grid import CODE_CELLS, FRAMES


def soft(seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return (np.tanh(draw.standard_normal((FRAMES, CODE_CELLS))) * draw.gamma(0.5, size=CODE_CELLS)).astype(np.float32)


def test_scores_are_standard_normal_and_the_best_of_every_key_is_kept() -> None:
    chance = RandomKeys(1_000, seed=1)
    chance.hear(soft(2))
    chance.hear(soft(3))
    found = chance.scores()
    assert (found.count, len(found.best)) == (2 * 1_000 * FRAMES, 1_000)
    assert abs(found.mean) < 0.05
    assert abs(found.deviation - 1.0) < 0.05
    assert found.greatest == found.best.max()
    assert 1.5 < np.median(found.best) < 2.7


def test_the_same_seed_draws_the_same_keys() -> None:
    first, again, other = RandomKeys(50, seed=7), RandomKeys(50, seed=7), RandomKeys(50, seed=8)
    for chance in (first, again, other):
        chance.hear(soft(2))
    assert np.array_equal(first.scores().best, again.scores().best)
    assert not np.array_equal(first.scores().best, other.scores().best)


def test_nothing_heard_has_no_scores() -> None:
    assert RandomKeys(10, seed=1).scores().count == 0
