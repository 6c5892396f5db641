from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.calibration import SPEECH, Calibration, OperatingPoint
from safety.search.thresholds import Thresholds, ratios, thresholds
from tests.ears import COEFFICIENTS, FIRST, SECOND

POINT = OperatingPoint(match=5.0, no_match=0.0, source={})
CALIBRATION = Calibration("x", (FIRST, SECOND), tuple(COEFFICIENTS), {SPEECH: POINT}, cap=12.0, source={})


@given(size=st.integers(1, 10**9), more=st.integers(1, 10**9))
def test_the_longer_the_list_the_higher_both_thresholds(size: int, more: int) -> None:
    shorter, longer = thresholds(CALIBRATION, size=size), thresholds(CALIBRATION, size=size + more)
    assert POINT.match <= shorter.match < longer.match
    assert longer.match - longer.hold == pytest.approx(POINT.match - POINT.no_match)


@pytest.mark.parametrize(
    ("size", "grown"), [(0, 0.0), (1, 0.0), (100, math.log(100)), (10_000, math.log(100) + 0.7 * math.log(100))]
)
def test_they_grow_with_the_logarithm_of_the_list(size: int, grown: float) -> None:
    found = thresholds(CALIBRATION, size=size)
    assert (found.match, found.hold) == pytest.approx((POINT.match + grown, POINT.no_match + grown))


@pytest.mark.parametrize(
    ("llr", "offset", "outcome"),
    [(7.0, 0.0, "match"), (6.9, 0.0, "inconclusive"), (2.9, 0.0, "no_match"), (2.9, -1.0, "inconclusive")],
)
def test_outcomes(llr: float, offset: float, outcome: str) -> None:
    assert Thresholds(match=7.0, hold=3.0).outcome(llr, offset=offset) == outcome


@given(
    scores=st.tuples(st.floats(-1, 1), st.floats(-1, 1)), seconds=st.floats(0.1, 60), bandwidth=st.floats(500, 24_000)
)
def test_many_ratios_at_once_are_those_of_the_calibration(
    scores: tuple[float, float], seconds: float, bandwidth: float
) -> None:
    (many,) = ratios(CALIBRATION, np.array([scores]), seconds=np.array([seconds]), bandwidth_hz=np.array([bandwidth]))
    one = CALIBRATION.llr(scores, seconds=seconds, bandwidth_hz=bandwidth)
    assert max(-CALIBRATION.cap, min(CALIBRATION.cap, many)) == pytest.approx(one, abs=1e-9)
