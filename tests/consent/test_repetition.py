from __future__ import annotations

import numpy as np
import pytest

from consent import repetition
from consent.errors import ConsentError
from consent.manner import READ, REPEATED, REPRESENTED, manner_of
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform
from tests.cast import AMARA_SPEECH
from tests.corpus import speech_of


@pytest.fixture(scope="session")
def sentences() -> list[bytes]:
    return speech_of(AMARA_SPEECH)[:3]


def test_the_parts_become_one_recording_in_their_order_with_pauses(sentences: list[bytes]) -> None:
    joined = decode(repetition.join(sentences)).waveform
    parts = [decode(sentence).waveform.resampled(16_000) for sentence in sentences]
    assert joined.rate == 16_000
    assert joined.seconds == pytest.approx(sum(part.seconds for part in parts) + 3 * 0.5, abs=0.01)
    first = parts[0].samples
    assert np.allclose(joined.samples[: len(first)], first, atol=1e-3)


def test_a_part_without_speech_is_named(sentences: list[bytes]) -> None:
    ticks = np.arange(16_000, dtype=np.float32)
    silence = encode_wav(Waveform(np.zeros(16_000, np.float32), 16_000))
    tone = encode_wav(Waveform((0.1 * np.sin(ticks / 10)).astype(np.float32), 16_000))
    for wrong in (silence, tone, b"no sound at all"):
        with pytest.raises(AudioError, match="Part 2"):
            repetition.join([sentences[0], wrong, sentences[1]])


def test_one_part_too_many_parts_or_the_same_twice_are_no_repetition(sentences: list[bytes]) -> None:
    for parts in ([], sentences[:1], sentences[:1] * 25, [sentences[0], sentences[0]]):
        with pytest.raises(ConsentError) as caught:
            repetition.join(parts)
        assert caught.value.code == "recording-parts"


def test_the_receipt_says_in_what_manner_the_consent_was_given() -> None:
    stood_in = {"name": "Ruth Okafor", "capacity": "guardian", "statement": "I agree."}
    assert manner_of({}) == {"type": READ}
    assert manner_of({"parts": 4}) == {"type": REPEATED}
    assert manner_of({"representative": stood_in}) == {
        "type": REPRESENTED,
        "representative": {"name": "Ruth Okafor", "capacity": "guardian"},
    }
