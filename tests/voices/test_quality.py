from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth_adapter.measures import Measures, measure
from synth_adapter.waveform import Waveform
from voices.quality import checks, judge_amount, judge_language, judge_sample, weight_of

GOOD = Measures(
    seconds=12.0,
    peak_dbfs=-3.0,
    level_dbfs=-22.0,
    clipped_fraction=0.0,
    dc_offset=0.0,
    silence_fraction=0.2,
    snr_db=35.0,
    bandwidth_hz=8_000.0,
    decay_seconds=0.12,
)


def rules(measures: Measures) -> list[str]:
    return [reason.rule for reason in judge_sample(measures, position=1)]


def test_a_good_sample_has_nothing_against_it() -> None:
    assert rules(GOOD) == []


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("sample-too-quiet", {"level_dbfs": -40.1}),
        ("sample-clipped", {"clipped_fraction": 0.0011}),
        ("sample-noisy", {"snr_db": 9.9}),
        ("sample-narrow-band", {"bandwidth_hz": 4_000.0}),
        ("sample-reverberant", {"decay_seconds": 0.22}),
        ("sample-mostly-silent", {"silence_fraction": 0.71}),
    ],
)
def test_each_limit_names_what_was_measured_and_what_to_do(rule: str, changes: dict[str, float]) -> None:
    (reason,) = judge_sample(replace(GOOD, **changes), position=3)
    ((unit, value),) = changes.items()
    assert (reason.rule, reason.effect) == (rule, "deny")
    assert reason.measured["sample"] == 3
    assert reason.measured[unit] == value
    assert "limit" in reason.measured
    assert reason.way_forward


def test_everything_wrong_with_a_sample_is_said_at_once() -> None:
    assert len(rules(replace(GOOD, level_dbfs=-60.0, snr_db=0.0, silence_fraction=1.0, bandwidth_hz=0.0))) == 4


def test_what_noise_hides_is_not_blamed_on_the_room() -> None:
    assert rules(replace(GOOD, decay_seconds=0.3, snr_db=19.0)) == []


def test_every_measure_is_shown_with_its_limit_and_advice_whether_it_passed_or_not() -> None:
    shown = [check.as_json() for check in checks(replace(GOOD, level_dbfs=-50.0))]
    assert [check["unit"] for check in shown if not check["passed"]] == ["level_dbfs"]
    assert len(shown) == 6
    assert all(check["way_forward"] and {"value", "limit", "side"} <= set(check) for check in shown)


@pytest.mark.parametrize(
    ("heard", "probability", "wanted", "effects"),
    [
        ("de", 0.9, "en", ["hold"]),
        ("de", 0.79, "en", []),
        ("en", 0.99, "en-GB", []),
        ("", 0.0, "en", []),
    ],
)
def test_another_language_waits_for_a_reviewer_when_the_ears_are_sure(
    heard: str, probability: float, wanted: str, effects: list[str]
) -> None:
    found = judge_language(heard, probability, wanted=wanted, position=2)
    assert [reason.effect for reason in found] == effects
    assert all(reason.measured["sample"] == 2 and wanted in reason.way_forward for reason in found)


def test_a_sample_weighs_less_the_shorter_noisier_narrower_or_more_reverberant_it_is() -> None:
    best = weight_of(GOOD, net_speech_seconds=12.0)
    assert best == weight_of(GOOD, net_speech_seconds=60.0) == 1.0
    worse = ({"snr_db": 12.0}, {"bandwidth_hz": 5_000.0}, {"decay_seconds": 0.2})
    assert all(weight_of(replace(GOOD, **change), net_speech_seconds=12.0) < best for change in worse)
    assert weight_of(GOOD, net_speech_seconds=6.0) == pytest.approx(0.5)
    assert weight_of(replace(GOOD, snr_db=0.0), net_speech_seconds=0.0) > 0.0


def test_amount_is_counted_over_all_samples() -> None:
    assert judge_amount([10.0, 10.0], least_seconds=20.0) == []
    (reason,) = judge_amount([10.0, 5.5], least_seconds=20.0)
    assert reason.measured == {"net_speech_seconds": 15.5, "limit_seconds": 20.0}
    assert "4 s more" in reason.way_forward or "5 s more" in reason.way_forward


def test_a_real_recording_passes_and_fails_once_it_is_spoilt(utterance: Waveform) -> None:
    assert rules(measure(utterance)) == []
    noise = np.random.default_rng(7).normal(0, 0.1, len(utterance.samples)).astype(np.float32)
    assert "sample-noisy" in rules(measure(Waveform(utterance.samples + noise, utterance.rate)))
    assert "sample-too-quiet" in rules(measure(Waveform(utterance.samples * np.float32(0.01), utterance.rate)))
    loud = np.clip(utterance.samples * np.float32(40), -1, 1)
    assert "sample-clipped" in rules(measure(Waveform(loud, utterance.rate)))


def test_a_telephone_is_recognised_whatever_the_sample_rate_says(utterance: Waveform) -> None:
    by_phone = utterance.resampled(8_000)
    assert rules(measure(by_phone)) == ["sample-narrow-band"]
    assert rules(measure(by_phone.resampled(16_000))) == ["sample-narrow-band"]
