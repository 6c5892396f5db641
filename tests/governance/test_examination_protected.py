"""A protected voice is named wherever it is heard, also where it has only the first seconds: stock voices, spliced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings

from deploy.demo.cast import AMARA, IVO, PASSAGES, PROTECTED, Person, say
from governance.examination import Findings
from governance.examination.voice import examine_voice
from safety import protected_voices
from safety.comparison import VoiceEmbedding, mean_of
from safety.errors import ComparisonError, SearchUnavailableError
from safety.hearing import embed_voice
from safety.models import ProtectedVoice
from safety.registry import speaker_encoders
from safety.rotation import rotate_voice
from safety.speech import speech_segments
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy.scope import current_organisation
from tests.embeddings import random_voice

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("heard_once", "in_northwind")]
LISTED = "output-protected-voice"
POSSIBLY = "output-protected-voice-possible"
Examined = Callable[[Waveform], Findings]


def spoken(person: Person, passage: int) -> Waveform:
    """What they say, from the first word on."""
    sound = decode(say(person, PASSAGES[passage])).waveform
    return sound.cut(speech_segments(sound)[0].start, sound.seconds)


def joined(*parts: Waveform) -> Waveform:
    return Waveform(np.concatenate([part.samples for part in parts]), parts[0].rate)


def voice_of(person: Person) -> VoiceEmbedding:
    return mean_of([embed_voice(spoken(person, passage), encoders=speaker_encoders()) for passage in (0, 1, 2)])


@pytest.fixture(autouse=True)
def _without_a_process(settings: LazySettings, tmp_path: Path) -> None:
    settings.SEARCH_SOCKET = tmp_path / "search.sock"


@pytest.fixture(scope="module")
def amara() -> VoiceEmbedding:
    return voice_of(AMARA)


@pytest.fixture(scope="module")
def weston() -> VoiceEmbedding:
    return voice_of(PROTECTED)


@pytest.fixture
def examined(amara: VoiceEmbedding) -> Examined:
    return lambda sound: examine_voice(sound, reference=amara, organisation_id=current_organisation())


@pytest.fixture
def listed(weston: VoiceEmbedding) -> ProtectedVoice:
    """Conrad Weston, among twenty whom nobody plays."""
    for number in range(20):
        protected_voices.add(name=f"Number {number}", reason="asked", action="deny", voice=random_voice(number))
    return protected_voices.add(name="Conrad Weston", reason="asked", action="deny", voice=weston)


def rules(findings: Findings) -> list[str]:
    return sorted(objection.rule for objection in findings.objections)


def test_the_consented_speaker_is_asked_about_once_and_passes(listed: ProtectedVoice, examined: Examined) -> None:
    findings = examined(spoken(AMARA, 3))
    assert rules(findings) == []
    assert (findings.figures["protected_asked_of"], findings.figures["protected_heard"]) == (["whole"], [])


@pytest.mark.parametrize("seconds", [1.5, 2.0])
def test_a_protected_voice_in_the_first_seconds_is_named(
    listed: ProtectedVoice, examined: Examined, seconds: float
) -> None:
    """Engines have been seen to leak another request's voice into the first seconds (vllm-omni issue 4370)."""
    findings = examined(joined(spoken(PROTECTED, 4).cut(0.0, seconds), spoken(AMARA, 3)))
    assert rules(findings) == ["output-other-voice", LISTED]
    (named,) = (objection for objection in findings.objections if objection.rule == LISTED)
    assert float(named.measured["from_s"]) == 0.0
    assert float(named.measured["to_s"]) <= seconds + 0.5
    assert [heard["id"] for heard in findings.figures["protected_heard"]] == [str(listed.id)]


def test_a_protected_voice_in_the_middle_is_named(listed: ProtectedVoice, examined: Examined) -> None:
    amaras = spoken(AMARA, 3)
    middle = 3.0
    parts = amaras.cut(0.0, middle), spoken(PROTECTED, 4).cut(0.0, 2.0), amaras.cut(middle, amaras.seconds)
    findings = examined(joined(*parts))
    assert rules(findings) == [LISTED, "output-second-speaker"]
    (named,) = (objection for objection in findings.objections if objection.rule == LISTED)
    assert middle - 0.5 <= float(named.measured["from_s"]) < float(named.measured["to_s"]) <= middle + 2.5


def test_a_strangers_voice_in_the_first_seconds_is_nobody_who_is_listed(
    listed: ProtectedVoice, examined: Examined
) -> None:
    findings = examined(joined(spoken(IVO, 4).cut(0.0, 2.0), spoken(AMARA, 3)))
    assert rules(findings) == ["output-other-voice"]
    assert len(findings.figures["protected_asked_of"]) > 1


def test_a_protected_voice_before_a_strangers_is_named_though_none_of_it_is_the_speakers(
    listed: ProtectedVoice, examined: Examined
) -> None:
    findings = examined(joined(spoken(PROTECTED, 4).cut(0.0, 2.5), spoken(IVO, 3), spoken(IVO, 4)))
    assert set(rules(findings)) == {"output-other-voice", LISTED}


def test_a_likeness_that_is_not_sure_is_told_where_the_output_is_withheld_anyway(
    weston: VoiceEmbedding, examined: Examined
) -> None:
    """Where the list's owner asks for more, the same likeness is a doubt."""
    listed = protected_voices.add(name="Conrad Weston", reason="asked", action="deny", voice=weston)
    leaked = joined(spoken(PROTECTED, 4).cut(0.0, 2.0), spoken(AMARA, 3))
    (sure,) = (heard for heard in examined(leaked).figures["protected_heard"] if heard["outcome"] == "match")
    assert listed.listing is not None
    listed.listing.threshold_offset = sure["llr"] - sure["match_from"] + 0.5
    listed.listing.save(update_fields=["threshold_offset"])
    findings = examined(leaked)
    assert rules(findings) == ["output-other-voice", POSSIBLY]


def test_nobody_is_cleared_where_the_lists_cannot_be_searched(
    listed: ProtectedVoice, examined: Examined, settings: LazySettings
) -> None:
    settings.PROTECTED_VOICES_IN_PROCESS = 0
    with pytest.raises(SearchUnavailableError):
        examined(spoken(AMARA, 3))


def test_nobody_is_cleared_beside_somebody_whom_other_encoders_heard(
    listed: ProtectedVoice, examined: Examined
) -> None:
    ProtectedVoice.objects.filter(id=listed.id).update(listing=None)
    with pytest.raises(ComparisonError, match="cannot be ruled out"):
        examined(spoken(AMARA, 3))


def test_the_reference_is_compared_only_with_what_the_same_encoders_heard(amara: VoiceEmbedding) -> None:
    first_alone = VoiceEmbedding(amara.parts[:1], amara.seconds, amara.bandwidth_hz)
    with pytest.raises(ComparisonError, match="same models"):
        examine_voice(spoken(AMARA, 3), reference=first_alone, organisation_id=current_organisation())


def test_a_rotated_reference_gives_the_same_findings(
    listed: ProtectedVoice, amara: VoiceEmbedding, examined: Examined
) -> None:

    leaked = joined(spoken(PROTECTED, 4).cut(0.0, 2.0), spoken(AMARA, 3))
    turned = examine_voice(leaked, reference=rotate_voice(amara), organisation_id=current_organisation())
    assert rules(turned) == rules(examined(leaked))
