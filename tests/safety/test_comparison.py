from dataclasses import replace

import numpy as np
import pytest

from safety.backends.campplus import CamPlusPlus
from safety.comparison import CAMPPLUS, Embedding, OperatingPoint, compare, embed, operating_point
from safety.errors import ComparisonError
from safety.ports import ModelIdentity
from synth_adapter.waveform import Waveform

MODEL = ModelIdentity("a-model", "ab" * 32)
POINT = OperatingPoint(MODEL, match=0.6, no_match=0.4, source="these tests")


def voice(angle: float, *, model: ModelIdentity = MODEL) -> Embedding:
    return Embedding(model, np.array([np.cos(angle), np.sin(angle)], dtype=np.float32))


@pytest.mark.parametrize(
    ("likeness", "outcome"),
    [(0.61, "match"), (0.59, "inconclusive"), (0.41, "inconclusive"), (0.39, "no_match"), (-1.0, "no_match")],
)
def test_the_outcome_follows_from_the_score_and_the_operating_point(likeness: float, outcome: str) -> None:
    comparison = compare(voice(np.arccos(likeness)), voice(0.0), point=POINT)
    assert comparison.score == pytest.approx(likeness, abs=1e-6)
    assert (comparison.outcome, comparison.point) == (outcome, POINT)


@pytest.mark.parametrize("changed", [ModelIdentity("another", "ab" * 32), ModelIdentity("a-model", "cd" * 32)])
def test_voices_heard_by_different_models_or_weights_are_never_compared(changed: ModelIdentity) -> None:
    with pytest.raises(ComparisonError, match="one model"):
        compare(voice(0.0, model=changed), voice(0.0), point=POINT)
    with pytest.raises(ComparisonError, match="one model"):
        compare(voice(0.0), voice(0.0), point=replace(POINT, model=changed))


def test_an_embedding_that_is_not_a_unit_vector_is_refused() -> None:
    for vector in (np.array([2.0, 0.0]), np.zeros(2), np.array([np.nan, 1.0]), np.eye(2)):
        with pytest.raises(ComparisonError, match="L2-normalised"):
            Embedding(MODEL, vector.astype(np.float32))


def test_embeddings_of_different_length_are_refused() -> None:
    longer = Embedding(MODEL, np.array([1, 0, 0], dtype=np.float32))
    with pytest.raises(ComparisonError, match="length"):
        compare(longer, voice(0.0), point=POINT)


def test_a_model_nobody_measured_has_no_operating_point() -> None:
    assert operating_point(CAMPPLUS, probe="whole").match > operating_point(CAMPPLUS, probe="short").match
    with pytest.raises(ComparisonError, match="measure one first"):
        operating_point(replace(CAMPPLUS, sha256="00" * 32), probe="whole")


@pytest.mark.slow
def test_the_published_points_tell_six_speakers_apart(
    campplus: CamPlusPlus, speakers: dict[str, list[Waveform]]
) -> None:
    whole = {name: embed(said[0], encoder=campplus) for name, said in speakers.items()}
    probes = {
        "whole": {name: embed(said[1], encoder=campplus) for name, said in speakers.items()},
        "short": {name: embed(said[1].cut(0.0, 2.0), encoder=campplus) for name, said in speakers.items()},
    }
    for length in ("whole", "short"):
        point = operating_point(campplus.model, probe=length)
        outcomes = {
            (one, other): compare(probes[length][one], whole[other], point=point).outcome
            for one in speakers
            for other in speakers
        }
        assert all(outcomes[name, name] == "match" for name in speakers)
        assert "match" not in {outcome for (one, other), outcome in outcomes.items() if one != other}
