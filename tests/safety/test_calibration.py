from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from safety.calibration import FOLDER, OUTPUT, PREPARED, SPEECH, calibration_for, features, read
from safety.errors import ComparisonError
from tests.embeddings import CALIBRATION, MODELS

FILES = sorted(FOLDER.glob("*.json"))


def test_features_are_centred_on_four_seconds_of_wide_band_speech() -> None:
    assert features([0.5, 0.7], seconds=4.0, bandwidth_hz=8_000.0) == [1.0, 0.5, 0.7, *[0.0] * 6]
    assert features([0.5], seconds=4.0, bandwidth_hz=2_850.0) == [1.0, 0.5, 0.0, 1.0, 0.0, 0.5]
    half = math.sqrt(7_000.0 * 2_850.0)
    assert features([0.5], seconds=4.0, bandwidth_hz=half) == pytest.approx([1.0, 0.5, 0.0, 0.5, 0.0, 0.25])


def test_lengths_and_bands_beyond_what_was_measured_count_as_its_edge() -> None:
    for beyond, edge in (((0.01, 8_000.0), (0.5, 7_000.0)), ((900.0, 100.0), (6.0, 2_850.0))):
        found = features([0.5], seconds=beyond[0], bandwidth_hz=beyond[1])
        assert found == features([0.5], seconds=edge[0], bandwidth_hz=edge[1])


def test_more_likeness_is_never_less_evidence() -> None:
    for seconds in (0.5, 1.0, 2.0, 4.0, 20.0):
        for hertz in (2_850.0, 3_950.0, 8_000.0):
            for other in range(len(MODELS)):
                scores = [0.5] * len(MODELS)
                low = CALIBRATION.llr(scores, seconds=seconds, bandwidth_hz=hertz)
                scores[other] += 0.1
                assert CALIBRATION.llr(scores, seconds=seconds, bandwidth_hz=hertz) >= low


def test_no_ratio_exceeds_what_the_trials_support() -> None:
    assert CALIBRATION.llr([1.0, 1.0], seconds=4.0, bandwidth_hz=8_000.0) == CALIBRATION.cap
    assert CALIBRATION.llr([-1.0, -1.0], seconds=4.0, bandwidth_hz=8_000.0) == -CALIBRATION.cap


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_calibration_says_what_it_was_measured_on(path: Path) -> None:
    found = read(path)
    assert found.id == hashlib.sha256(path.read_bytes()).hexdigest()
    assert calibration_for(found.models) == calibration_for(found.models[::-1]) == found
    assert set(found.points) == {SPEECH, OUTPUT, PREPARED}
    for point in found.points.values():
        assert point.source["at_match"]["fmr"] <= point.source["at_no_match"]["fmr"]
        assert [point.outcome(llr) for llr in (point.match, point.no_match, point.no_match - 0.01)] == [
            "match",
            "inconclusive",
            "no_match",
        ]
    assert found.points[SPEECH].source["at_match"]["fmr"] <= 0.001
    assert found.source["speakers"] >= 60


def test_weights_that_nobody_measured_have_no_calibration() -> None:
    for models in ([replace(MODELS[0], sha256="00" * 32), MODELS[1]], [MODELS[1]], []):
        with pytest.raises(ComparisonError, match="make calibrate"):
            calibration_for(models)
    with pytest.raises(ComparisonError, match="No operating point"):
        CALIBRATION.point("cinema")


@pytest.mark.parametrize(
    "change",
    [
        {"coefficients": [1.0]},
        {"points": {"speech": {"match": 1.0, "no_match": 2.0, "source": {}}}},
        {"points": {"output": {"match": 1.0, "no_match": 0.0, "source": {}}}},
        {"cap": 0.5},
        {"form": 1},
        {"form": None},
    ],
)
def test_a_file_that_contradicts_itself_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(json.dumps(json.loads(FILES[0].read_text()) | change))
    with pytest.raises(ComparisonError, match="no calibration"):
        read(spoilt)
