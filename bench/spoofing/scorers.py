"""Other ways from features to a score, for the experiment: linear, distance to bona fide speech, AASIST's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.spoofing.strangers import Mask, Scorer
from bench.spoofing.table import Table
from bench.spoofing.training import system_weights

FARTHEST = 4.0
RIDGE = 1.0
SHRUNK = 0.5
Values = NDArray[np.floating]


@dataclass(frozen=True)
class Linear:
    """One weighted sum of standardised features."""

    centre: Values
    scale: Values
    weights: Values

    def score(self, features: NDArray[np.float32]) -> Values:
        return np.asarray(_standard(features, self.centre, self.scale) @ self.weights)


@dataclass(frozen=True)
class Distance:
    """How far from bona fide speech: Mahalanobis's, with the covariance half way to that of unrelated features."""

    centre: Values
    scale: Values
    precision: Values

    def score(self, features: NDArray[np.float32]) -> Values:
        away = _standard(features, self.centre, self.scale)
        return np.sqrt(np.einsum("rf,fg,rg->r", away, self.precision, away))


class OwnScore:
    """What AASIST itself says, its last feature; nothing is fitted."""

    def score(self, features: NDArray[np.float32]) -> Values:
        return -features[:, -1]


def linear(known: Table, rows: Mask) -> Scorer:
    """Ridge regression of made against bona fide, weighed like the networks."""
    features, made = known.features[rows], known.made[rows]
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    weight = system_weights(made, known.systems[rows])[:, None] / len(made)
    standard = _standard(features, centre, scale)
    inner = standard.T @ (weight * standard) + RIDGE * np.eye(standard.shape[1])
    return Linear(centre, scale, np.linalg.solve(inner, standard.T @ (weight[:, 0] * np.where(made, 1.0, -1.0))))


def distance(known: Table, rows: Mask) -> Scorer:
    """Made speech is not looked at."""
    spoken = known.features[rows & ~known.made]
    centre, scale = spoken.mean(axis=0), spoken.std(axis=0) + 1e-6
    covariance = np.cov(_standard(spoken, centre, scale).T)
    return Distance(centre, scale, np.linalg.inv((1 - SHRUNK) * covariance + SHRUNK * np.eye(len(covariance))))


def own_score(_known: Table, _rows: Mask) -> Scorer:
    return OwnScore()


def _standard(features: NDArray[np.float32], centre: Values, scale: Values) -> Values:
    return np.clip((features - centre) / scale, -FARTHEST, FARTHEST)
