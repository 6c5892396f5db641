import itertools

import numpy as np
import pytest

from safety.backends.campplus import CamPlusPlus
from safety.speech import net_speech_seconds, one_speaker, speech_segments
from synth_adapter.waveform import Waveform


def joined(*waveforms: Waveform) -> Waveform:
    assert len({waveform.rate for waveform in waveforms}) == 1
    return Waveform(np.concatenate([waveform.samples for waveform in waveforms]), waveforms[0].rate)


def hush(seconds: float, rate: int) -> Waveform:
    noise = np.random.default_rng(5).normal(0, 1e-3, int(seconds * rate))
    return Waveform(noise.astype(np.float32), rate)


def test_speech_is_found_between_two_stretches_of_quiet(president: Waveform) -> None:
    rate = president.rate
    segments = speech_segments(joined(hush(3, rate), president.cut(0, 5), hush(3, rate)))
    assert segments
    assert 2.9 < segments[0].start < 4
    assert 7 < segments[-1].end < 8.3
    assert all(one.end < other.start for one, other in itertools.pairwise(segments))


def test_pauses_do_not_count_as_speech(president: Waveform) -> None:
    alone = net_speech_seconds(president)
    assert 5 < alone < president.seconds
    with_pause = joined(president, hush(10, president.rate))
    assert net_speech_seconds(with_pause) == pytest.approx(alone, abs=0.5)


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.05])
def test_noise_and_silence_hold_no_speech(level: float) -> None:
    noise = np.random.default_rng(2).normal(0, 1, 64_000) * level
    assert speech_segments(Waveform(noise.astype(np.float32), 16_000)) == []


@pytest.mark.slow
def test_one_speaker_passes_as_one(campplus: CamPlusPlus, speakers: dict[str, list[Waveform]]) -> None:
    findings = [one_speaker(joined(*said), encoder=campplus) for said in speakers.values()]
    assert [finding.outcome for finding in findings] == ["one"] * 6


@pytest.mark.slow
def test_two_speakers_are_noticed(campplus: CamPlusPlus, speakers: dict[str, list[Waveform]]) -> None:
    for one, other in itertools.pairwise(speakers):
        finding = one_speaker(joined(*speakers[one][:2], *speakers[other][:2]), encoder=campplus)
        assert finding.outcome == "several"
        assert finding.score is not None
        assert finding.pieces >= 4


@pytest.mark.slow
def test_too_little_speech_is_never_one_speaker(campplus: CamPlusPlus, president: Waveform) -> None:
    finding = one_speaker(president.cut(0, 3), encoder=campplus)
    assert (finding.outcome, finding.score) == ("inconclusive", None)
    nobody = one_speaker(hush(10, 16_000), encoder=campplus)
    assert nobody.outcome == "inconclusive"
