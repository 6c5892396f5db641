"""Fit a calibration: logistic regression over the features of `safety.calibration`, and thresholds for error rates."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from bench.speakers.rates import quantile
from bench.speakers.trials import Floats, Trials, weights

PENALTY = 1e-5
"""Of the squared coefficients of standardised features, beside a mean cost in nats; up to 1e-4 does as well."""


def fit(values: Floats, trials: Trials, *, penalty: float = PENALTY) -> Floats:
    """Coefficients that give log-likelihood ratios (natural) for rows of `values`, whose first column is 1."""
    shares, signs = weights(trials) / 2, np.where(trials.genuine, 1.0, -1.0)
    spread = values.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = values / spread

    def cost(coefficients: Floats) -> tuple[float, Floats]:
        margins = signs * (scaled @ coefficients)
        slope = -shares * signs / (1.0 + np.exp(np.clip(margins, -700, 700)))
        kept = np.concatenate([[0.0], coefficients[1:]])
        total = float((shares * np.logaddexp(0.0, -margins)).sum() + penalty * (kept**2).sum())
        return total, scaled.T @ slope + 2 * penalty * kept

    found = minimize(cost, np.zeros(values.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(found.x / spread)


def threshold_for_fmr(llr: Floats, trials: Trials, rate: float) -> float:
    """The ratio that this share of the impostors reaches."""
    impostors = ~trials.genuine
    return quantile(llr[impostors], weights(trials)[impostors], 1.0 - rate)


def threshold_for_fnmr(llr: Floats, trials: Trials, rate: float) -> float:
    """The ratio below which this share of the genuine falls."""
    return quantile(llr[trials.genuine], weights(trials)[trials.genuine], rate)
