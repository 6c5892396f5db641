"""Error rates of scores: equal error rate, Cllr, a logistic calibration, and intervals for rates from few trials."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import beta

Scores = NDArray[np.floating]


def equal_error_rate(bona_fide: Scores, made: Scores) -> float:
    """Where as many bona fide recordings are called made as made ones bona fide, by the steps of both curves."""
    levels = np.sort(np.concatenate([bona_fide, made]))
    false_alarms = np.array([(bona_fide >= level).mean() for level in levels])
    misses = np.array([(made < level).mean() for level in levels])
    nearest = int(np.argmin(np.abs(false_alarms - misses)))
    return float((false_alarms[nearest] + misses[nearest]) / 2)


def calibrated(bona_fide: Scores, made: Scores) -> tuple[float, float]:
    """Slope and offset of the ratio over the score, by logistic regression in which both sides weigh the same."""

    def cost(values: NDArray[np.float64]) -> float:
        return cllr(values[0] * bona_fide + values[1], values[0] * made + values[1])

    slope, offset = minimize(cost, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(slope), float(offset)


def cllr(bona_fide: Scores, made: Scores) -> float:
    """Cost of log-likelihood ratios in bits (Brümmer and du Preez 2006): 0 is perfect, 1 says nothing."""
    return float(np.logaddexp(0, -made).mean() + np.logaddexp(0, bona_fide).mean()) / (2 * math.log(2))


def interval(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a rate (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.025, hits, trials - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, trials - hits)) if hits < trials else 1.0
    return low, high
