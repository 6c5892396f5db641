"""Outputs of a word or two, and sound whose rate is a lie: whoever speaks, it has to be the consented speaker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.demo.cast import AMARA, IVO, PASSAGES, Person, say
from governance.examination import Findings
from governance.examination.voice import examine_voice
from safety.comparison import VoiceEmbedding, mean_of
from safety.hearing import embed_voice
from safety.registry import speaker_encoders
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy.scope import current_organisation

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("heard_once", "in_northwind")]
Examined = Callable[[Waveform], Findings]


def spoken(person: Person, words: str) -> Waveform:
    return decode(say(person, words)).waveform


@pytest.fixture(scope="module")
def amara() -> VoiceEmbedding:
    return mean_of([embed_voice(spoken(AMARA, passage), encoders=speaker_encoders()) for passage in PASSAGES[:3]])


@pytest.fixture
def examined(amara: VoiceEmbedding) -> Examined:
    return lambda sound: examine_voice(sound, reference=amara, organisation_id=current_organisation())


def rules(findings: Findings) -> list[str]:
    return [objection.rule for objection in findings.objections]


@pytest.mark.parametrize("words", ["Yes.", "Thank you."])
def test_one_word_is_the_speakers_or_somebody_elses(examined: Examined, words: str) -> None:
    own, others = examined(spoken(AMARA, words)), examined(spoken(IVO, words))
    assert (rules(own), "likeness_opening" in own.figures) == ([], False)
    assert rules(others) == ["output-other-voice"]


def test_less_sound_than_a_voice_can_be_told_by_does_not_pass(examined: Examined) -> None:
    said = spoken(AMARA, "Yes.")
    assert rules(examined(said.cut(0.4, 0.85))) == ["output-voice-unknown"]


@pytest.mark.parametrize("rate", [16_000, 32_000])
def test_the_speakers_voice_at_a_false_rate_is_somebody_elses(examined: Examined, rate: int) -> None:
    """The rate that a release promises is no help where the samples are not at that rate."""
    said = spoken(AMARA, PASSAGES[3])
    assert "output-other-voice" in rules(examined(Waveform(said.samples, rate)))
