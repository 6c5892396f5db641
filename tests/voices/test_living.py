from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from pytest_django import Settings

from consent.reasons import Reason
from safety.ports import Sign, SpoofFinding
from safety.registry import spoof_detector
from safety.speech import SpeakerFinding
from safety.spoofing.takes import Take, fingerprint
from synth_adapter.decoding import decode
from synth_adapter.measures import Measures
from tests.cast import AMARA_SPEECH
from tests.corpus import speech_of
from voices.listening import HeardSample
from voices.living import judge_living

SOUND = Measures(10.0, -3.0, -22.0, 0.0, 0.0, 0.2, 35.0, 8_000.0, 0.12)
PERSON, MACHINE, DOUBT = -3.0, 6.0, 0.0


@pytest.fixture(scope="module")
def take() -> Take:
    return fingerprint(decode(speech_of(AMARA_SPEECH)[9]).waveform)


def finding(llr: float, outcome: Literal["bona_fide", "inconclusive", "spoofed"] = "bona_fide") -> SpoofFinding:
    return SpoofFinding(llr, outcome, 3, (), "c")


ALIVE = finding(PERSON)


def sample(living: SpoofFinding | None = ALIVE, *, position: int = 1) -> HeardSample:
    return HeardSample(position, SOUND, 10.0, SpeakerFinding("one", 0.8, 5), (), None, "words", living=living)


def judged(*samples: HeardSample, ceremony: SpoofFinding | None = ALIVE) -> list[Reason]:
    return judge_living(samples, ceremony=ceremony, detector=spoof_detector())


def rules(reasons: list[Reason]) -> list[tuple[str, str]]:
    return [(reason.rule, reason.effect) for reason in reasons]


def test_living_voices_have_nothing_against_them() -> None:
    assert judged(sample(), sample(position=2)) == []


def test_a_ceremony_about_which_a_person_decided_is_not_doubted_again_but_samples_are() -> None:
    assert judged(sample(), ceremony=None) == []
    assert rules(judged(sample(finding(MACHINE, "spoofed")), ceremony=None)) == [("sample-may-be-synthetic", "hold")]


def test_a_synthetic_sample_among_living_ones_waits_for_a_reviewer_and_is_named() -> None:
    (reason,) = judged(sample(), sample(finding(MACHINE, "spoofed"), position=2))
    assert (reason.rule, reason.effect, reason.measured["sample"]) == ("sample-may-be-synthetic", "hold", 2)


def test_a_doubt_about_one_sample_is_none_when_the_others_are_certain() -> None:
    assert judged(sample(), sample(), sample(), sample(finding(DOUBT, "inconclusive"), position=4)) == []


def test_a_doubt_about_all_of_them_waits_for_a_reviewer() -> None:
    doubtful = finding(MACHINE, "inconclusive")
    assert rules(judged(sample(doubtful), sample(doubtful))) == [("sample-may-be-synthetic", "hold")]


@pytest.mark.parametrize("outcome", ["spoofed", "inconclusive"])
def test_a_consent_that_may_have_been_spoken_by_a_machine_waits_for_a_reviewer(
    outcome: Literal["spoofed", "inconclusive"],
) -> None:
    assert rules(judged(sample(), ceremony=finding(MACHINE, outcome))) == [("ceremony-may-be-synthetic", "hold")]


def test_nobody_having_listened_is_no_yes() -> None:
    assert rules(judged(sample(None))) == [("living-voice-unknown", "hold")]


def test_the_same_take_in_two_samples_is_refused(take: Take) -> None:
    first, second = (replace(sample(position=n), take=take) for n in (1, 2))
    (reason,) = judged(first, second)
    assert (reason.rule, reason.effect, dict(reason.measured)) == ("copied-take", "deny", {"sample": 1, "copy": 2})


def test_a_stretch_that_comes_twice_in_one_sample_is_refused() -> None:
    repeated = replace(ALIVE, signs=(Sign("repeated-take", "A copy.", {"seconds": 3.0}),))
    assert rules(judged(sample(repeated))) == [("repeated-take", "deny")]


def test_in_the_demonstration_synthetic_speakers_pass_but_copies_do_not(settings: Settings, take: Take) -> None:
    settings.DEMO_SYNTHETIC_SPEAKERS = True
    machine = sample(finding(MACHINE, "spoofed"))
    assert judged(machine, ceremony=finding(MACHINE, "spoofed")) == []
    copied = [replace(machine, position=n, take=take) for n in (1, 2)]
    assert rules(judged(*copied)) == [("copied-take", "deny")]


def test_silence_is_no_proof_of_a_copy(take: Take) -> None:
    hush = replace(take, heard=np.zeros_like(take.heard))
    assert judged(*(replace(sample(position=n), take=hush) for n in (1, 2))) == []
