from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from synth_adapter.band import lower_edge_hz, speech_band_hz
from synth_adapter.measures import measure
from synth_adapter.waveform import Waveform

UTTERANCES = ["librispeech_testother/2414-128291-0000.flac", "ljspeech/LJ001-0004.flac", "whisper_jfk/jfk.flac"]


@pytest.fixture(params=UTTERANCES)
def utterance(request: pytest.FixtureRequest, recordings: Callable[[str], Waveform]) -> Waveform:
    """A man and a woman reading, and a president at a microphone of 1961."""
    return recordings(request.param)


def _telephone(waveform: Waveform) -> Waveform:
    """8 kHz, nothing below 300 or above 3,400 Hz, and the noise of eight bits 38 dB below the speech."""
    narrow = waveform.resampled(8_000)
    spectrum, hertz = np.fft.rfft(narrow.samples), np.fft.rfftfreq(len(narrow.samples), 1 / 8_000)
    spectrum[(hertz < 300) | (hertz > 3_400)] = 0
    spoken = np.fft.irfft(spectrum, len(narrow.samples))
    noise = np.random.default_rng(5).standard_normal(len(spoken)) * spoken.std() * 10 ** (-38 / 20)
    return Waveform((spoken + noise).astype(np.float32), 8_000)


def _with(waveform: Waveform, *, noise: float = 0.0, hum: float = 0.0) -> Waveform:
    """With white noise and mains hum (50 Hz, two overtones) of these shares of the speech's RMS level."""
    seconds = np.arange(len(waveform.samples)) / waveform.rate
    hiss = np.random.default_rng(6).standard_normal(len(seconds))
    tones = sum(np.sin(2 * np.pi * hertz * seconds) for hertz in (50.0, 100.0, 150.0))
    added = float(waveform.samples.std()) * (noise * hiss + hum * tones)
    return Waveform((waveform.samples + added).astype(np.float32), waveform.rate)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_speech_that_is_not_cut_below_is_as_wide_as_it_reaches_up(utterance: Waveform, rate: int) -> None:
    speech = utterance.resampled(rate)
    for heard in (speech, _with(speech, noise=0.1), _with(speech, hum=0.3), speech.cut(0.5, 2.5)):
        assert speech_band_hz(heard) == measure(heard).bandwidth_hz


def test_a_telephone_is_narrower_than_8_khz(utterance: Waveform) -> None:
    for heard in (_telephone(utterance), _telephone(_with(utterance, noise=0.1)), _telephone(utterance.cut(0.5, 2.5))):
        assert 260 < lower_edge_hz(heard) < 315
        assert 2_500 < speech_band_hz(heard) < 3_100


def test_hum_on_the_line_does_not_make_it_wider(utterance: Waveform) -> None:
    heard = _telephone(utterance)
    assert speech_band_hz(_with(heard, hum=0.1)) == pytest.approx(speech_band_hz(heard), rel=0.02)


def test_a_high_voice_is_not_taken_for_a_telephone(recordings: Callable[[str], Waveform]) -> None:
    """A woman's voice of about 220 Hz, played so that it is 290 Hz high."""
    spoken = recordings("ljspeech/LJ001-0004.flac")
    faster = Waveform(spoken.samples, round(1.3 * spoken.rate))
    assert lower_edge_hz(faster) == 200.0


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(16_000), np.ones(100)])
def test_what_is_too_short_or_silent_to_tell_counts_as_not_cut(samples: np.ndarray) -> None:
    assert lower_edge_hz(Waveform(samples.astype(np.float32), 16_000)) == 200.0


def test_lows_of_a_gentle_slope_are_still_heard(utterance: Waveform) -> None:
    """Twelve decibels an octave below 300 Hz, as a small microphone has it."""
    spectrum, hertz = np.fft.rfft(utterance.samples), np.fft.rfftfreq(len(utterance.samples), 1 / utterance.rate)
    spectrum *= np.minimum(1.0, (hertz / 300.0) ** 2)
    assert lower_edge_hz(Waveform(np.fft.irfft(spectrum).astype(np.float32), utterance.rate)) == 200.0
