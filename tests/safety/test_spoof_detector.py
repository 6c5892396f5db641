from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from safety.ports import SpoofFinding
from safety.registry import spoof_detector
from safety.spoofing.detector import SpeechStatistics
from safety.spoofing.features import features
from safety.spoofing.network import CARD, FOLDER, WEIGHTS, load
from synth_adapter.backends.kokoro import Kokoro
from synth_adapter.errors import WeightsError
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

SENTENCE = "The last boat of the evening carries the post, the bread and whoever missed the others."


@pytest.fixture(scope="module")
def detector() -> SpeechStatistics:
    return SpeechStatistics()


@pytest.fixture(scope="module")
def spoken() -> Waveform:
    """A stock voice of which the detector never heard a recording."""
    located = {
        name: locate(f"kokoro{suffix}").path for name, suffix in {"voices": "-voices", "config": "-config"}.items()
    }
    engine = Kokoro(model=locate("kokoro").path, **located, threads=settings.MODEL_THREADS)
    try:
        return engine.speak(SENTENCE, stock_voice="af_heart", language="en")
    finally:
        engine.close()


@pytest.mark.slow
def test_a_stock_voice_is_found_synthetic_through_another_rate_and_level(
    detector: SpeechStatistics, spoken: Waveform
) -> None:
    quieter = Waveform(0.2 * spoken.samples, spoken.rate).resampled(16_000)
    assert detector.listen(spoken).outcome == "spoofed"
    assert detector.listen(quieter).llr == pytest.approx(detector.listen(spoken).llr, abs=0.5)


def test_six_living_readers_whom_it_never_heard_pass(
    detector: SpeechStatistics, speakers: dict[str, list[Waveform]]
) -> None:
    pooled = {name: detector.pooled([detector.listen(one) for one in said]) for name, said in speakers.items()}
    assert {name: finding.outcome for name, finding in pooled.items()} == dict.fromkeys(speakers, "bona_fide")


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.9])
def test_too_little_is_inconclusive(detector: SpeechStatistics, seconds: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)
    finding = detector.listen(Waveform(noise, 16_000))
    assert (finding.outcome, finding.windows, finding.llr) == ("inconclusive", 0, 0.0)


def test_silence_is_inconclusive(detector: SpeechStatistics) -> None:
    assert detector.listen(Waveform(np.zeros(80_000, np.float32), 16_000)).outcome == "inconclusive"


def test_findings_weigh_by_how_much_was_heard_and_keep_every_sign(detector: SpeechStatistics) -> None:
    pooled = detector.pooled([SpoofFinding(-2.0, "bona_fide", 3, (), "c"), SpoofFinding(2.0, "spoofed", 1, (), "c")])
    assert (pooled.llr, pooled.windows) == (-1.0, 4)
    assert detector.pooled([]).outcome == "inconclusive"


def test_level_alone_changes_no_feature(recordings: Callable[[str], Waveform]) -> None:
    sound = recordings("whisper_jfk/jfk.flac").resampled(16_000).cut(0.0, 4.0)
    assert features(Waveform(0.1 * sound.samples, sound.rate)) == pytest.approx(features(sound), abs=1e-2)


def test_the_detector_of_the_settings_is_ours_and_says_which_weights_it_has(detector: SpeechStatistics) -> None:
    assert spoof_detector().model == detector.model
    assert len(detector.model.sha256) == 64
    assert (FOLDER / WEIGHTS).stat().st_size < 3_000_000


def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path: Path) -> None:
    for name in (WEIGHTS, CARD):
        shutil.copy(FOLDER / name, tmp_path / name)
    (tmp_path / WEIGHTS).write_bytes((FOLDER / WEIGHTS).read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="instead of the"):
        load(tmp_path)


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="restore it"):
        load(tmp_path)


def test_the_card_parts_ratios_into_three_outcomes() -> None:
    _, card = load()
    assert card.bona_fide <= card.spoofed <= card.cap
    outcomes = [card.outcome(llr) for llr in (card.bona_fide - 0.01, card.bona_fide, card.spoofed)]
    assert outcomes[0] == "bona_fide"
    assert outcomes[1] in {"inconclusive", "spoofed"}
    assert outcomes[2] == "spoofed"
    assert abs(card.llr(1e6)) == abs(card.llr(-1e6)) == card.cap
