"""Scores and what they are worth: normalised correlations, p-values over everything tried, thresholds, nulls."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri_exp

Soft = NDArray[np.floating]


def z_score(signs: NDArray[np.int8], soft: Soft) -> float:
    """sum(c F) / sqrt(sum F^2) over cells where the sign is not 0: standard normal when the signs are random."""
    used = soft[signs != 0].astype(np.float64)
    energy = float(np.sum(used**2))
    return float(np.sum(signs[signs != 0] * used) / np.sqrt(energy)) if energy > 0 else 0.0


def log10_p(z: float, *, tried: float) -> float:
    """log10 of the chance that the best of `tried` scores under random keys reaches `z` (Bonferroni), at most 0."""
    return min(0.0, float(log_ndtr(-z) + np.log(tried)) / float(np.log(10)))


def threshold(false_rate: float, *, tried: float) -> float:
    """The least score for which `log10_p` is at most log10 of `false_rate`."""
    return -float(ndtri_exp(np.log(false_rate) - np.log(tried)))


def null_scores(soft: Soft, draw: Generator, *, keys: int) -> NDArray[np.float64]:
    """Scores of random codes on the same soft values, shape (keys,)."""
    flat = soft.reshape(-1).astype(np.float64)
    signs = draw.integers(0, 2, (keys, len(flat))) * 2 - 1
    return np.asarray(signs @ flat / max(float(np.linalg.norm(flat)), 1e-30))
