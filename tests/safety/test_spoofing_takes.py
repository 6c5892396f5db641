from __future__ import annotations

import numpy as np
import pytest

from safety.spoofing.takes import copies, fingerprint, repeated_seconds
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3
from synth_adapter.waveform import Waveform
from tests.cast import AMARA_SPEECH, IVO_SPEECH
from tests.corpus import speech_of


@pytest.fixture(scope="module")
def amara() -> Waveform:
    return decode(speech_of(AMARA_SPEECH)[9]).waveform


@pytest.fixture(scope="module")
def ivo() -> Waveform:
    return decode(speech_of(IVO_SPEECH)[9]).waveform


def test_a_recording_played_twice_is_found_to_repeat_itself(amara: Waveform) -> None:
    twice = Waveform(np.concatenate([amara.samples, amara.samples]), amara.rate)
    assert repeated_seconds(fingerprint(amara)) == 0.0
    assert repeated_seconds(fingerprint(twice)) > 0.5 * amara.seconds


def test_a_copy_is_known_through_a_codec_another_level_and_a_shift(amara: Waveform, ivo: Waveform) -> None:
    quieter = Waveform(np.concatenate([np.zeros(777, np.float32), 0.4 * amara.samples]), amara.rate)
    disguised = decode(encode_mp3(quieter, kbit_per_s=32)).waveform
    assert copies([fingerprint(amara), fingerprint(ivo), fingerprint(disguised)]) == [(0, 2)]


def test_the_same_person_saying_other_words_copies_nothing() -> None:
    takes = [fingerprint(decode(audio).waveform) for audio in speech_of(AMARA_SPEECH)[5:9]]
    assert copies(takes) == []


def test_too_short_a_recording_copies_nothing(amara: Waveform) -> None:
    short = fingerprint(amara.cut(0.0, 0.2))
    assert (copies([short, short]), repeated_seconds(short)) == ([], 0.0)
