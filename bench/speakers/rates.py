"""Error rates of weighted trials: DET, EER, FMR and FNMR at a threshold, Cllr and its least value after PAV.

Terms after ISO/IEC 19795-1 (an impostor who passes is a false match, a speaker who does not a false non-match); Cllr
after Brümmer and du Preez (2006), in bits; minCllr by pooling adjacent violators. Intervals are bootstraps over
speakers, since trials that share a speaker are not independent (Bolle, Ratha and Pankanti 2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from bench.speakers.trials import Floats, Trials, weights

DRAWS = 1_000


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


def quantile(values: Floats, shares: Floats, at: float) -> float:
    """The value below which this share of the weight lies."""
    order = np.argsort(values)
    reached = np.cumsum(shares[order]) / shares.sum()
    return float(values[order][min(int(np.searchsorted(reached, at)), len(values) - 1)])


def det(llr: Floats, trials: Trials) -> tuple[Floats, Floats]:
    """FMR and FNMR at every threshold, from the lowest to the highest."""
    shares, genuine = weights(trials), trials.genuine
    order = np.argsort(llr, kind="stable")
    missed = np.cumsum(np.where(genuine, shares, 0.0)[order])
    passed = 1.0 - np.cumsum(np.where(genuine, 0.0, shares)[order])
    return np.clip(passed, 0.0, 1.0), np.clip(missed, 0.0, 1.0)


def equal_error_rate(llr: Floats, trials: Trials) -> float:
    """The least rate that neither exceeds: where both are the same, or the higher one next to it."""
    return float(np.min(np.maximum(*det(llr, trials))))


def cllr(llr: Floats, trials: Trials) -> float:
    """The cost of the ratios in bits for a prior of one half: 0 is certain and right, 1 knows nothing."""
    shares, genuine = weights(trials), trials.genuine
    cost = np.logaddexp(0.0, np.where(genuine, -llr, llr)) / np.log(2.0)
    return float((shares * cost).sum() / 2)


def least_cllr(llr: Floats, trials: Trials) -> float:
    """The cost that the best monotone calibration of the same order would have."""
    shares, genuine = weights(trials), trials.genuine
    order = np.lexsort((~genuine, llr))  # within a tie the worst order, so that it is pooled
    counted = shares[order] > 0
    found = isotonic_regression(genuine[order][counted].astype(float), weights=shares[order][counted])
    chance = np.clip(found.x, 0.0, 1.0)
    right = np.where(genuine[order][counted], chance, 1.0 - chance)
    cost = np.where(right > 0, -np.log2(np.maximum(right, 1e-300)), np.inf)
    return float((shares[order][counted] * cost).sum() / 2)


def false_match_rate(llr: Floats, trials: Trials, *, threshold: float) -> Interval:
    """How often two speakers pass as one, each pair of them with one vote."""
    return _rate(llr >= threshold, trials, trials.where(~trials.genuine), ~trials.genuine)


def false_non_match_rate(llr: Floats, trials: Trials, *, threshold: float) -> Interval:
    """How often one speaker does not reach the threshold, each speaker with one vote."""
    return _rate(llr < threshold, trials, trials.where(trials.genuine), trials.genuine)


def rates_at(llr: Floats, trials: Trials, *, threshold: float) -> dict[str, float | int]:
    """Both weighted rates at a threshold, and how many trials (not votes) erred; for the record."""
    genuine = trials.genuine
    return {
        "fmr": round(false_match_rate(llr, trials, threshold=threshold).value, 6),
        "false_matches": int((llr[~genuine] >= threshold).sum()),
        "fnmr": round(false_non_match_rate(llr, trials, threshold=threshold).value, 6),
        "false_non_matches": int((llr[genuine] < threshold).sum()),
    }


def _rate(errors: NDArray[np.bool_], trials: Trials, chosen: Trials, mask: NDArray[np.bool_]) -> Interval:
    """A weighted share of errors; the bootstrap draws speakers, and a pair counts as often as both were drawn."""
    if not mask.any():
        return Interval(float("nan"), float("nan"), float("nan"))
    votes = weights(trials)[mask]
    people = len(trials.speakers)
    size = people * people
    pairs = chosen.reference * people + chosen.probe
    wrong = np.bincount(pairs, votes * errors[mask], size).reshape(people, people)
    every = np.bincount(pairs, votes, size).reshape(people, people)
    present = np.unique(np.concatenate([chosen.reference, chosen.probe]))
    wrong, every = wrong[np.ix_(present, present)], every[np.ix_(present, present)]
    draws = np.random.default_rng(0).multinomial(len(present), np.full(len(present), 1 / len(present)), size=DRAWS)
    same = bool(chosen.genuine.all())
    times = [(np.diag(drawn) if same else np.outer(drawn, drawn)) for drawn in draws.astype(float)]
    shares = [float((wrong * one).sum() / total) for one in times if (total := float((every * one).sum())) > 0]
    value = float(wrong.sum() / every.sum())
    low, high = np.percentile(shares, [2.5, 97.5])
    if value == 0.0:  # nothing to draw: the rule of three, with pairs of speakers (or speakers) for trials
        high = 3.0 / len(np.unique(chosen.pairs()))
    return Interval(value, float(low), float(min(1.0, high)))
