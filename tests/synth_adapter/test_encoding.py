import hashlib

import numpy as np
import pytest

from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3, encode_wav
from synth_adapter.waveform import Waveform


def _envelope(waveform: Waveform) -> np.ndarray:
    """The level of each 50 ms, which a codec keeps even where it does not keep the samples."""
    length = waveform.rate // 20
    frames = waveform.samples[: len(waveform.samples) // length * length].reshape(-1, length)
    return np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1))


def test_a_wav_gives_back_the_samples_to_the_last_of_sixteen_bits(speech: Waveform) -> None:
    back = decode(encode_wav(speech)).waveform
    assert back.rate == speech.rate
    assert np.abs(back.samples - speech.samples).max() <= 0.5 / 32_768


def test_sixteen_bit_samples_survive_wav_unchanged() -> None:
    exact = Waveform((np.arange(-32_768, 32_768, 7) / 32_768).astype(np.float32), 24_000)
    assert np.array_equal(decode(encode_wav(exact)).waveform.samples, exact.samples)


def test_samples_beyond_full_scale_are_clipped_and_do_not_wrap() -> None:
    back = decode(encode_wav(Waveform(np.array([2.0, -2.0] * 100, dtype=np.float32), 8_000))).waveform
    assert back.samples[:2].tolist() == [32_767 / 32_768, -1.0]


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
def test_an_mp3_sounds_like_what_went_in(speech: Waveform, rate: int) -> None:
    waveform = speech.resampled(rate)
    back = decode(encode_mp3(waveform, kbit_per_s=64))
    assert (back.container, back.codec, back.waveform.rate, back.truncated) == ("mp3", "mp3", rate, False)
    assert back.waveform.seconds == pytest.approx(waveform.seconds, abs=0.06)
    frames = min(len(_envelope(waveform)), len(_envelope(back.waveform)))
    assert np.corrcoef(_envelope(waveform)[:frames], _envelope(back.waveform)[:frames])[0, 1] > 0.99


def test_the_bit_rate_decides_the_size(speech: Waveform) -> None:
    waveform = speech.resampled(24_000)
    assert len(encode_mp3(waveform, kbit_per_s=64)) == pytest.approx(64_000 / 8 * waveform.seconds, rel=0.1)


def test_the_same_waveform_gives_the_same_bytes(speech: Waveform) -> None:
    waveform = speech.resampled(24_000)
    for encoded in (lambda: encode_wav(waveform), lambda: encode_mp3(waveform, kbit_per_s=128)):
        assert hashlib.sha256(encoded()).digest() == hashlib.sha256(encoded()).digest()


def test_a_rate_that_mp3_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="resample"):
        encode_mp3(Waveform(np.zeros(100, dtype=np.float32), 96_000), kbit_per_s=64)
