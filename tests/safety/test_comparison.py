from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from safety.calibration import OUTPUT
from safety.comparison import Embedding, VoiceEmbedding, compare, mean_of
from safety.errors import ComparisonError
from safety.hearing import embed_voice
from safety.ports import ModelIdentity, SpeakerEncoder
from safety.registry import calibration, speaker_encoders
from synth_adapter.waveform import Waveform
from tests.embeddings import CALIBRATION, MODELS, embedding_at, voice_at

CAMPPLUS, GE2E = MODELS
MODEL = ModelIdentity("a-model", "ab" * 32)


@pytest.mark.parametrize(
    ("likeness", "outcome"),
    [(0.9, "match"), (0.7, "match"), (0.5, "inconclusive"), (0.3, "no_match"), (0.0, "no_match")],
)
def test_the_outcome_follows_from_the_ratio_and_the_operating_point(likeness: float, outcome: str) -> None:
    comparison = compare(voice_at(likeness), voice_at(1.0), calibration=CALIBRATION)
    assert comparison.scores == pytest.approx({"campplus": likeness, "ge2e": (1 + likeness) / 2}, abs=1e-6)
    assert comparison.score == comparison.scores["campplus"]
    assert comparison.outcome == outcome


def test_a_comparison_keeps_everything_that_is_needed_to_judge_it_again() -> None:
    comparison = compare(voice_at(0.6, seconds=3.0), voice_at(1.0), calibration=CALIBRATION, point=OUTPUT)
    kept = comparison.as_json()
    assert kept["models"] == {model.name: model.sha256 for model in MODELS}
    assert (kept["calibration"], kept["operating_point"], kept["seconds"]) == (CALIBRATION.id, "output", 3.0)
    scores = [kept["scores"][model.name] for model in MODELS]
    again = CALIBRATION.llr(scores, seconds=kept["seconds"], bandwidth_hz=kept["bandwidth_hz"])
    assert kept["llr"] == pytest.approx(again, abs=0.01)
    assert CALIBRATION.point(kept["operating_point"]).outcome(again) == kept["outcome"]


def test_the_shorter_and_the_narrower_side_counts() -> None:
    comparison = compare(
        voice_at(0.6, seconds=2.0), voice_at(1.0, seconds=30.0, bandwidth_hz=4_000.0), calibration=CALIBRATION
    )
    assert (comparison.seconds, comparison.bandwidth_hz) == (2.0, 4_000.0)


@pytest.mark.parametrize("changed", [replace(GE2E, name="another"), replace(GE2E, sha256="cd" * 32)])
def test_voices_heard_by_different_models_or_weights_are_never_compared(changed: ModelIdentity) -> None:
    ours, theirs = voice_at(0.9), voice_at(1.0)
    other = replace(ours, parts=(ours.parts[0], replace(ours.parts[1], model=changed)))
    for probe, reference in ((other, theirs), (theirs, other), (other, other)):
        with pytest.raises(ComparisonError, match="the same models"):
            compare(probe, reference, calibration=CALIBRATION)
    with pytest.raises(ComparisonError, match="the same models"):
        compare(replace(ours, parts=ours.parts[:1]), theirs, calibration=CALIBRATION)


def test_the_order_of_the_encoders_changes_nothing() -> None:
    voice = voice_at(0.6)
    turned = replace(voice, parts=voice.parts[::-1])
    first, second = (compare(one, voice_at(1.0), calibration=CALIBRATION) for one in (voice, turned))
    assert first == second


def test_an_embedding_that_is_not_a_unit_vector_is_refused() -> None:
    for vector in (np.array([2.0, 0.0]), np.zeros(2), np.array([np.nan, 1.0]), np.eye(2)):
        with pytest.raises(ComparisonError, match="L2-normalised"):
            Embedding(MODEL, vector.astype(np.float32))


def test_a_voice_that_nobody_or_one_encoder_twice_heard_is_refused() -> None:
    heard = embedding_at(1.0)
    for parts in ((), (heard, heard)):
        with pytest.raises(ComparisonError, match="one or more encoders"):
            VoiceEmbedding(parts, 3.0, 8_000.0)
    for seconds, hertz in ((-1.0, 8_000.0), (3.0, float("nan"))):
        with pytest.raises(ComparisonError, match="how many seconds"):
            VoiceEmbedding((heard,), seconds, hertz)
    with pytest.raises(ComparisonError, match="was not heard by"):
        VoiceEmbedding((heard,), 3.0, 8_000.0).part(GE2E)


def test_embeddings_of_different_length_are_refused() -> None:
    voice = voice_at(1.0)
    longer = replace(voice, parts=(Embedding(CAMPPLUS, np.eye(193, dtype=np.float32)[0]), voice.parts[1]))
    with pytest.raises(ComparisonError, match="length"):
        compare(longer, voice, calibration=CALIBRATION)


class TestMeans:
    def test_a_mean_lies_between_and_nearer_to_the_heavier(self) -> None:
        one, other = voice_at(1.0, seconds=4.0), voice_at(0.0, seconds=6.0, bandwidth_hz=4_000.0)
        even, heavy = mean_of([one, other]), mean_of([one, other], weights=[3, 1])
        assert (even.models, even.seconds, even.bandwidth_hz) == (MODELS, 10.0, 6_000.0)
        assert even.parts[0].vector[:2] == pytest.approx([0.5**0.5] * 2)
        assert heavy.parts[0].vector[:2] == pytest.approx([3 / 10**0.5, 1 / 10**0.5])

    def test_nothing_other_models_and_odd_weights_have_no_mean(self) -> None:
        voice = voice_at(1.0)
        for voices in ([], [voice, replace(voice, parts=voice.parts[:1])]):
            with pytest.raises(ComparisonError, match="same encoders"):
                mean_of(voices)
        for weights in ([1.0], [0.0, 0.0], [2.0, -1.0]):
            with pytest.raises(ComparisonError, match="weight"):
                mean_of([voice, voice], weights=weights)

    def test_voices_that_cancel_out_or_are_rotated_apart_have_no_mean(self) -> None:
        voice = voice_at(1.0)
        opposite = replace(voice, parts=tuple(replace(part, vector=-part.vector) for part in voice.parts))
        with pytest.raises(ComparisonError, match="cancel out"):
            mean_of([voice, opposite])
        apart = replace(voice, parts=tuple(replace(part, space="ab") for part in voice.parts))
        with pytest.raises(ComparisonError, match="not rotated alike"):
            mean_of([voice, apart])


@pytest.mark.slow
def test_the_published_points_tell_six_speakers_apart(speakers: dict[str, list[Waveform]]) -> None:
    encoders: tuple[SpeakerEncoder, ...] = speaker_encoders()
    whole = {name: embed_voice(said[0], encoders=encoders) for name, said in speakers.items()}
    for seconds in (60.0, 2.0):
        probes = {name: embed_voice(said[1].cut(0.0, seconds), encoders=encoders) for name, said in speakers.items()}
        outcomes = {
            (one, other): compare(probes[one], whole[other], calibration=calibration()).outcome
            for one in speakers
            for other in speakers
        }
        assert all(outcomes[name, name] == "match" for name in speakers)
        assert "match" not in {outcome for (one, other), outcome in outcomes.items() if one != other}
