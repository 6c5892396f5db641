"""Decibels follow the detector's own filter and keep to their limits; neighbouring chips fade into each other."""

from __future__ import annotations

import numpy as np
import pytest

from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.features import BAND_WEIGHTS, TIME_SHARES, WEIGHTS
from watermark.keyed.grid import CHIP_SECONDS, STRENGTH
from watermark.keyed.shaping import MOST, between, decibels

PATTERN = ClipKeys(b"of an organisation", pilots=PilotKeys(b"of the platform's epoch")).pattern(
    b"a clip", content=bytes(32)
)
CHANGES = decibels(PATTERN)


def score(changes: np.ndarray) -> float:
    """What the detector's filter and weights make of changes of level alone, for a given mean square of them."""
    beside = sum(
        share * (np.roll(changes, chips, axis=0) + np.roll(changes, -chips, axis=0))
        for chips, share in enumerate(TIME_SHARES, start=1)
    )
    within = changes - beside
    heard = (within - within @ BAND_WEIGHTS) * WEIGHTS
    return float(np.sum(PATTERN * heard) / np.sqrt(np.sum((changes / STRENGTH) ** 2)))


def test_every_band_keeps_its_decibels_on_average_and_at_most() -> None:
    assert np.sqrt(np.mean(CHANGES**2, axis=0)) == pytest.approx(STRENGTH, rel=0.04)
    assert np.all(np.abs(CHANGES) <= MOST * STRENGTH + 1e-12)


def test_most_cells_move_the_way_their_sign_says() -> None:
    assert np.mean(np.sign(CHANGES) == PATTERN) > 0.85


def test_filtered_signs_move_the_scores_further_than_plain_ones_of_the_same_mean_square() -> None:
    assert score(CHANGES) > 1.02 * score(PATTERN * STRENGTH)


def test_a_chip_is_full_at_its_centre_and_halved_at_its_edge() -> None:
    chips, share = between(np.array([7.5, 8.0, 8.25]) * CHIP_SECONDS)
    assert list(chips) == [7, 7, 7]
    assert share == pytest.approx([0.0, 0.5, 0.5 + 0.5 * np.sqrt(0.5)], abs=1e-9)
