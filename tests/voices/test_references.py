"""Several samples make one reference: the unlike are left out, the better weigh more."""

from __future__ import annotations

import numpy as np
import pytest

from safety.calibration import SPEECH, Calibration, OperatingPoint, features
from safety.comparison import Embedding, VoiceEmbedding
from safety.errors import ComparisonError
from safety.ports import ModelIdentity
from voices.references import Offered, merge

MODEL = ModelIdentity("test", "1" * 64)
ZERO_AT = 0.4
COEFFICIENTS = (-10.0 * ZERO_AT, 10.0, *[0.0] * (len(features([0.0], seconds=1.0, bandwidth_hz=1.0)) - 2))
POINTS = {SPEECH: OperatingPoint(match=2.0, no_match=-2.0, source={})}
CALIBRATION = Calibration("0" * 64, (MODEL,), COEFFICIENTS, POINTS, 9.0, {})


def sample(position: int, *axes: float, weight: float = 1.0) -> Offered:
    """A sample's voice along the first few axes."""
    vector = np.zeros(192, np.float32)
    vector[: len(axes)] = axes
    embedding = Embedding(MODEL, vector / np.float32(np.linalg.norm(vector)))
    return Offered(position, VoiceEmbedding((embedding,), seconds=10.0, bandwidth_hz=8_000.0), weight)


AGREEING = [sample(1, 1.0, 0.3), sample(2, 1.0, 0.0, 0.3), sample(3, 1.0, 0.0, 0.0, 0.3)]


def test_samples_that_agree_are_all_used() -> None:
    merged = merge(AGREEING, calibration=CALIBRATION)
    assert merged is not None
    assert (merged.used, merged.left_out) == ((1, 2, 3), ())
    assert merged.voice.seconds == 30.0
    assert np.linalg.norm(merged.voice.part(MODEL).vector) == pytest.approx(1.0, abs=1e-6)


def test_one_that_is_more_likely_somebody_else_is_left_out_with_how_it_compared() -> None:
    merged = merge([*AGREEING, sample(4, 0.2, 0.0, 0.0, 0.0, 1.0)], calibration=CALIBRATION)
    assert merged is not None
    assert merged.used == (1, 2, 3)
    (odd,) = merged.left_out
    assert odd.position == 4
    assert odd.comparison.llr < 0
    assert merged.voice.seconds == 30.0


def test_the_worst_goes_first_and_the_rest_is_asked_again() -> None:
    strangers = [sample(4, 0.0, 0.0, 0.0, 0.0, 1.0), sample(5, 0.1, 0.0, 0.0, 0.0, 1.0)]
    merged = merge([*AGREEING, *strangers], calibration=CALIBRATION)
    assert merged is not None
    assert merged.used == (1, 2, 3)
    assert [found.position for found in merged.left_out] == [4, 5]


def test_of_two_that_differ_nobody_can_say_which_is_the_outlier() -> None:
    merged = merge([sample(1, 1.0), sample(2, 0.0, 1.0)], calibration=CALIBRATION)
    assert merged is not None
    assert (merged.used, merged.left_out) == ((1, 2), ())


def test_where_most_differ_none_is_left_out() -> None:
    merged = merge([sample(n, *[0.0] * n, 1.0) for n in range(1, 6)], calibration=CALIBRATION)
    assert merged is not None
    assert (len(merged.used), merged.left_out) == (5, ())


def test_what_weighs_more_draws_the_reference_to_itself() -> None:
    alike = merge([sample(1, 1.0, 0.0), sample(2, 1.0, 1.0)], calibration=CALIBRATION)
    drawn = merge([sample(1, 1.0, 0.0, weight=0.9), sample(2, 1.0, 1.0, weight=0.1)], calibration=CALIBRATION)
    assert alike is not None
    assert drawn is not None
    first = sample(1, 1.0, 0.0).voice.part(MODEL).vector
    assert float(drawn.voice.part(MODEL).vector @ first) > float(alike.voice.part(MODEL).vector @ first)


def test_nothing_and_voices_that_cancel_out_make_no_reference() -> None:
    assert merge([], calibration=CALIBRATION) is None
    assert merge([sample(1, 1.0), sample(2, -1.0)], calibration=CALIBRATION) is None


def test_a_sample_that_is_worth_nothing_is_an_error_of_the_callers() -> None:
    with pytest.raises(ComparisonError, match="above 0"):
        merge([sample(1, 1.0, weight=0.0)], calibration=CALIBRATION)
