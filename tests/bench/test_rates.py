from __future__ import annotations

import numpy as np
import pytest

from bench.speakers.fitting import fit, threshold_for_fmr, threshold_for_fnmr
from bench.speakers.rates import cllr, det, equal_error_rate, false_match_rate, false_non_match_rate, least_cllr
from bench.speakers.trials import Trials, weights
from tests.embeddings import MODELS

PEOPLE = 12


def trials(*, gap: float, seed: int = 1) -> Trials:
    """Five trials for every ordered pair of speakers; genuine scores lie `gap` deviations above the others."""
    reference, probe = (side.ravel() for side in np.meshgrid(np.arange(PEOPLE), np.arange(PEOPLE), indexing="ij"))
    reference, probe = np.tile(reference, 5), np.tile(probe, 5)
    scores = np.random.default_rng(seed).normal(size=len(reference)) + gap * (reference == probe)
    return Trials(
        models=MODELS[:1],
        speakers=tuple(f"s{n:02}" for n in range(PEOPLE)),
        sources={},
        scores=scores[:, np.newaxis],
        seconds=np.full(len(scores), 4.0),
        bandwidth_hz=np.full(len(scores), 8_000.0),
        reference=reference,
        probe=probe,
        within=np.zeros(len(scores), dtype=bool),
        condition=np.full(len(scores), "clean"),
    )


def test_every_pair_of_speakers_has_one_vote_and_both_classes_weigh_the_same() -> None:
    found = trials(gap=2.0)
    more = found.where(np.concatenate([np.arange(len(found)), np.flatnonzero(found.pairs() == 1)]))
    shares = weights(more)
    assert shares[more.genuine].sum() == pytest.approx(1.0)
    assert shares[~more.genuine].sum() == pytest.approx(1.0)
    votes = {pair: shares[more.pairs() == pair].sum() for pair in np.unique(more.pairs()[~more.genuine])}
    assert list(votes.values()) == pytest.approx([1 / len(votes)] * len(votes))


def test_separate_scores_make_no_errors_and_knowing_nothing_costs_one_bit() -> None:
    apart = trials(gap=100.0)
    llr = apart.scores[:, 0] - 50.0
    assert equal_error_rate(llr, apart) == pytest.approx(0.0, abs=1e-9)
    assert cllr(llr, apart) == pytest.approx(0.0, abs=1e-6)
    assert least_cllr(llr, apart) == pytest.approx(0.0, abs=1e-9)
    assert cllr(np.zeros(len(apart)), apart) == pytest.approx(1.0)
    assert least_cllr(np.zeros(len(apart)), apart) == pytest.approx(1.0)


def test_the_least_cost_is_never_above_the_cost_and_order_alone_decides_it() -> None:
    found = trials(gap=2.0)
    llr = found.scores[:, 0]
    assert least_cllr(llr, found) < cllr(llr, found)
    assert least_cllr(3 * llr + 7, found) == pytest.approx(least_cllr(llr, found))


def test_a_fit_finds_the_ratio_of_two_normal_distributions() -> None:
    """With unit deviations and a gap of 2 the ratio is 2 s - 2."""
    found = trials(gap=2.0)
    constant, slope = fit(np.stack([np.ones(len(found)), found.scores[:, 0]], axis=1), found, penalty=0.0)
    assert (constant, slope) == (pytest.approx(-2.0, abs=0.6), pytest.approx(2.0, abs=0.6))


def test_thresholds_give_the_rates_that_they_were_chosen_for() -> None:
    found = trials(gap=2.0)
    llr = found.scores[:, 0]
    match, no_match = threshold_for_fmr(llr, found, 0.05), threshold_for_fnmr(llr, found, 0.05)
    passed = false_match_rate(llr, found, threshold=match)
    assert passed.value == pytest.approx(0.05, abs=0.005)
    assert passed.low < passed.value < passed.high
    assert false_non_match_rate(llr, found, threshold=no_match).value == pytest.approx(0.05, abs=0.02)
    rates = det(llr, found)
    assert (np.diff(rates[0]) <= 0).all()
    assert (np.diff(rates[1]) >= 0).all()


def test_where_nothing_erred_the_interval_still_ends_somewhere() -> None:
    apart = trials(gap=100.0)
    passed = false_match_rate(apart.scores[:, 0], apart, threshold=50.0)
    assert (passed.value, passed.high) == (0.0, pytest.approx(3 / 66))
