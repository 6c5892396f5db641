"""Scores are standard normal under random keys, and p-values count everything tried."""

from __future__ import annotations

import numpy as np
import pytest

from watermark.keyed import scoring


def test_scores_of_random_keys_are_standard_normal() -> None:
    draw = np.random.default_rng(3)
    soft = np.tanh(draw.standard_normal(1_760) * draw.gamma(0.5, size=1_760))
    scores = scoring.null_scores(soft, draw, keys=20_000)
    assert abs(scores.mean()) < 0.03
    assert abs(scores.std() - 1.0) < 0.02
    assert abs(np.mean(scores > 3.0) / 1.35e-3 - 1.0) < 0.6


def test_a_score_counts_only_cells_that_have_a_sign() -> None:
    signs = np.array([1, -1, 0], dtype=np.int8)
    assert scoring.z_score(signs, np.array([1.0, -1.0, 9.0])) == pytest.approx(np.sqrt(2))
    assert scoring.z_score(signs, np.zeros(3)) == 0.0


def test_the_threshold_has_the_p_value_asked_for() -> None:
    z = scoring.threshold(1e-6, tried=1e6)
    assert z == pytest.approx(7.03, abs=0.01)
    assert scoring.log10_p(z, tried=1e6) == pytest.approx(-6.0, abs=1e-6)
    assert scoring.log10_p(1.0, tried=1e6) == 0.0
    assert scoring.log10_p(40.0, tried=1e6) < -300
