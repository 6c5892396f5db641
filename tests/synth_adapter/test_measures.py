import math
from collections.abc import Callable

import numpy as np
import pytest

from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.measures import FLOOR_DBFS, Measures, measure, silences
from synth_adapter.waveform import Waveform

RATE = 16_000


def _tone(seconds: float, *, peak: float = 0.5, hertz: float = 440.0, rate: int = RATE) -> np.ndarray:
    return peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def _noise(seconds: float, *, level: float, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(7).normal(0.0, 10.0 ** (level / 20.0), round(seconds * rate))


def _waveform(*parts: np.ndarray, rate: int = RATE) -> Waveform:
    return Waveform(np.concatenate(parts).astype(np.float32), rate)


def _with_noise(waveform: Waveform, *, snr: float) -> Waveform:
    noise = _noise(waveform.seconds, level=measure(waveform).level_dbfs - snr, rate=waveform.rate)
    return Waveform((waveform.samples + noise[: len(waveform.samples)]).astype(np.float32), waveform.rate)


@pytest.fixture(scope="module")
def utterance(recordings: Callable[[str], Waveform]) -> Waveform:
    """A clean read sentence of LibriSpeech, 16 kHz."""
    return recordings("librispeech_testother/2414-128291-0000.flac")


def test_nothing_measures_as_nothing() -> None:
    assert measure(Waveform(np.zeros(0, dtype=np.float32), RATE)) == Measures(
        0.0, FLOOR_DBFS, FLOOR_DBFS, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0
    )


def test_digital_silence_is_silent_and_every_measure_is_finite() -> None:
    measures = measure(Waveform(np.zeros(RATE, dtype=np.float32), RATE))
    assert measures == Measures(1.0, FLOOR_DBFS, FLOOR_DBFS, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    assert measures.silent


def test_a_quiet_room_is_silent_and_speech_is_not(utterance: Waveform) -> None:
    assert measure(_waveform(_noise(2.0, level=-66.0))).silent
    assert not measure(utterance).silent


def test_peak_and_level_of_a_tone_are_those_of_theory() -> None:
    measures = measure(_waveform(_tone(1.0, peak=0.5)))
    assert measures.peak_dbfs == pytest.approx(20 * math.log10(0.5), abs=0.01)
    assert measures.level_dbfs == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.05)


def test_pauses_do_not_lower_the_level() -> None:
    alone = measure(_waveform(_tone(2.0))).level_dbfs
    assert measure(_waveform(_tone(1.0), np.zeros(3 * RATE), _tone(1.0))).level_dbfs == pytest.approx(alone, abs=0.1)


def test_twice_the_amplitude_is_six_decibels_more(utterance: Waveform) -> None:
    louder = measure(Waveform(utterance.samples * np.float32(2.0), utterance.rate))
    before = measure(utterance)
    assert louder.level_dbfs - before.level_dbfs == pytest.approx(6.02, abs=0.05)
    assert louder.peak_dbfs - before.peak_dbfs == pytest.approx(6.02, abs=0.05)
    assert louder.snr_db == pytest.approx(before.snr_db, abs=1.0)


def test_an_offset_is_measured_and_is_not_taken_for_sound() -> None:
    measures = measure(_waveform(np.full(RATE, 0.1)))
    assert measures.dc_offset == pytest.approx(0.1, abs=1e-6)
    assert measures.silent


def test_clipping_counts_the_samples_at_the_rails() -> None:
    clipped = np.clip(_tone(1.0, peak=2.0), -1.0, 1.0)
    assert measure(_waveform(_tone(1.0, peak=0.9))).clipped_fraction == 0.0
    assert measure(_waveform(clipped)).clipped_fraction == pytest.approx(2 / 3, abs=0.02)


def test_clipping_shows_even_after_the_volume_was_turned_down(utterance: Waveform) -> None:
    loud = np.clip(utterance.samples * 30.0, -1.0, 1.0)
    assert measure(utterance).clipped_fraction == 0.0
    clipped = float(np.mean(np.abs(loud) == 1.0))
    assert 0.5 * clipped < measure(_waveform(loud * 0.3)).clipped_fraction <= clipped  # one or two in a row do not show


def test_silence_is_the_share_without_speech() -> None:
    waveform = _waveform(np.zeros(RATE), _tone(1.0), np.zeros(2 * RATE))
    assert measure(waveform).silence_fraction == pytest.approx(0.75, abs=0.01)


def test_silences_are_found_where_they_are(utterance: Waveform) -> None:
    pause = _noise(1.0, level=-75.0)
    waveform = _waveform(pause, utterance.samples, pause, utterance.samples)
    found = silences(waveform, at_least=0.9)
    assert len(found) == 2
    assert (found[0][0], found[0][1] >= 1.0) == (0.0, True)
    assert found[1][0] <= 1.0 + utterance.seconds + 0.02
    assert found[1][1] >= 2.0 + utterance.seconds - 0.02


def test_speech_without_pauses_has_no_long_silence() -> None:
    assert silences(_waveform(_tone(3.0)), at_least=0.1) == ()
    assert silences(Waveform(np.zeros(0, dtype=np.float32), RATE), at_least=0.1) == ()


def test_all_of_a_silent_recording_is_one_silence() -> None:
    assert silences(Waveform(np.zeros(RATE + 100, dtype=np.float32), RATE), at_least=0.5) == ((0.0, 1.00625),)


@pytest.mark.parametrize("snr", [5.0, 10.0, 20.0, 30.0])
def test_the_noise_that_was_added_is_the_noise_that_is_measured(utterance: Waveform, snr: float) -> None:
    assert measure(_with_noise(utterance, snr=snr)).snr_db == pytest.approx(snr, abs=3.5)


def test_clean_speech_has_a_high_ratio_and_steady_noise_none(utterance: Waveform) -> None:
    assert measure(utterance).snr_db > 35.0
    assert measure(_waveform(_noise(2.0, level=-20.0))).snr_db < 3.0


def test_padding_with_zeros_does_not_hide_the_noise(utterance: Waveform) -> None:
    noisy = _with_noise(utterance, snr=10.0)
    padded = _waveform(np.zeros(RATE), noisy.samples, np.zeros(RATE))
    assert measure(padded).snr_db == pytest.approx(measure(noisy).snr_db, abs=1.0)


@pytest.mark.parametrize(("through", "expected"), [(8_000, 4_000), (12_000, 6_000), (16_000, 8_000)])
def test_the_bandwidth_is_that_of_the_narrowest_step_on_the_way(
    utterance: Waveform, through: int, expected: int
) -> None:
    narrowed = utterance.resampled(through).resampled(24_000)
    assert measure(narrowed).bandwidth_hz == pytest.approx(expected, rel=0.1)
    assert measure(decode(encode_wav(narrowed)).waveform).bandwidth_hz == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(
    "path", ["fsdd/0_george_0.flac", "vctk_stargan/p228_023.flac", "ljspeech/LJ001-0004.flac", "whisper_jfk/jfk.flac"]
)
def test_people_speaking_measure_as_speech(recordings: Callable[[str], Waveform], path: str) -> None:
    measures = measure(recordings(path))
    assert -40.0 < measures.level_dbfs < -10.0
    assert measures.silence_fraction < 0.5
    assert measures.clipped_fraction < 0.001
    assert measures.bandwidth_hz > 3_500
    assert not measures.silent
