"""Make one ratio of several scores, on scores of strangers: their weighed sum, or the strongest of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.spoofing.strangers import BONA_FIDE
from bench.spoofing.training import system_weights

Values = NDArray[np.floating]
Scores = Mapping[str, Mapping[str, NDArray[np.float64]]]
"""By the name of the score and by system: one number for each clip and way, in the same order for every score."""
Combine = Callable[[Mapping[str, Values]], Values]
"""From the scores, by name, to ratios."""


def summed(scores: Scores) -> Combine:
    """The sum of logistic regression: a score speaks as loudly as it helps beside the others."""
    slopes, offset = fitted(scores)
    return lambda values: np.asarray(offset + sum(slope * values[name] for name, slope in slopes.items()))


def strongest(scores: Scores) -> Combine:
    """Every score is made a ratio by itself, and the highest counts: what one hears, the others do not talk away."""
    alone = {name: summed({name: by_system}) for name, by_system in scores.items()}
    return lambda values: np.max([ratio({name: values[name]}) for name, ratio in alone.items()], axis=0)


def fitted(scores: Scores) -> tuple[dict[str, float], float]:
    """A slope for each score, and the offset, by logistic regression; half the weight lies on bona fide speech.

    The other half is shared evenly by the systems, so that the sum is the logarithm of a likelihood ratio.
    """
    systems = np.concatenate([np.full(len(values), name) for name, values in next(iter(scores.values())).items()])
    made = systems != BONA_FIDE
    columns = np.stack([np.concatenate(list(by_system.values())) for by_system in scores.values()], axis=1)
    centre, scale = columns.mean(axis=0), columns.std(axis=0)
    standard, weights = (columns - centre) / scale, system_weights(made, systems).astype(np.float64)

    def cost(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        ratios = np.where(made, 1.0, -1.0) * (values[0] + standard @ values[1:])
        pull = -weights * np.where(made, 1.0, -1.0) * np.exp(-np.logaddexp(0, ratios))
        gradient = np.append(pull.sum(), standard.T @ pull) / len(made)
        return float((weights * np.logaddexp(0, -ratios)).mean()), gradient

    offset, *slopes = minimize(cost, np.zeros(1 + len(scale)), jac=True, method="BFGS").x
    found = {name: float(slope) for name, slope in zip(scores, slopes / scale, strict=True)}
    return found, float(offset - np.dot(slopes, centre / scale))
