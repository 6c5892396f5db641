import hashlib
import io
from collections.abc import Mapping

import av
import numpy as np
import pytest

from synth_adapter.decoding import decode
from synth_adapter.encoding import NO_TAGS, encode_flac, encode_m4a, encode_mp3, encode_wav
from synth_adapter.waveform import Waveform

TAGS = {
    "title": "Grüße, 世界",
    "artist": "Vivavoce",
    "comment": "Synthetic speech.",
    "digital_source_type": "trainedAlgorithmicMedia",
}
FORMS = ("wav", "flac", "mp3", "m4a")
FOLDED = {
    "title": TAGS["title"],
    "artist": "Vivavoce",
    "comment": "Synthetic speech.\ndigital_source_type=trainedAlgorithmicMedia",
}
"""What is left where a container has only fixed fields."""


def _encoded(form: str, waveform: Waveform, tags: Mapping[str, str] = NO_TAGS) -> bytes:
    match form:
        case "wav":
            return encode_wav(waveform, tags=tags)
        case "flac":
            return encode_flac(waveform, tags=tags)
        case "mp3":
            return encode_mp3(waveform, kbit_per_s=64, tags=tags)
    return encode_m4a(waveform, kbit_per_s=64, tags=tags)


def _tags_in(data: bytes) -> dict[str, str]:
    with av.open(io.BytesIO(data)) as opened:
        return dict(opened.metadata)


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
    for form in FORMS:
        once, again = (_encoded(form, waveform, TAGS) for _ in range(2))
        assert hashlib.sha256(once).digest() == hashlib.sha256(again).digest()


def test_a_rate_that_mp3_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="resample"):
        encode_mp3(Waveform(np.zeros(100, dtype=np.float32), 96_000), kbit_per_s=64)


def test_a_rate_that_aac_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="AAC has no sample rate"):
        encode_m4a(Waveform(np.zeros(100, dtype=np.float32), 23_000), kbit_per_s=64)


def test_flac_keeps_the_very_samples_that_wav_keeps(speech: Waveform) -> None:
    waveform = speech.resampled(24_000)
    wav, flac = (decode(_encoded(form, waveform)).waveform for form in ("wav", "flac"))
    assert (flac.rate, np.array_equal(flac.samples, wav.samples)) == (24_000, True)


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_an_m4a_sounds_like_what_went_in(speech: Waveform, rate: int) -> None:
    waveform = speech.resampled(rate)
    back = decode(encode_m4a(waveform, kbit_per_s=64))
    assert (back.container, back.codec, back.waveform.rate, back.truncated) == ("mp4", "aac", rate, False)
    frames = min(len(_envelope(waveform)), len(_envelope(back.waveform)))
    assert np.corrcoef(_envelope(waveform)[:frames], _envelope(back.waveform)[:frames])[0, 1] > 0.99


@pytest.mark.parametrize("surplus", [0, 1, 500, 1_023])
def test_wav_flac_and_m4a_come_back_with_exactly_as_many_samples(speech: Waveform, surplus: int) -> None:
    samples = speech.resampled(24_000).samples[: 1_024 * 20 + surplus]
    for form in ("wav", "flac", "m4a"):
        assert len(decode(_encoded(form, Waveform(samples, 24_000))).waveform.samples) == len(samples)


def test_an_mp3_comes_back_no_shorter_and_at_most_fifty_samples_longer(speech: Waveform) -> None:
    samples = speech.resampled(24_000).samples
    for length in range(20_000, 20_576, 36):  # every position within a frame, in steps
        back = decode(_encoded("mp3", Waveform(samples[:length], 24_000))).waveform
        assert 0 <= len(back.samples) - length <= 50


def test_an_m4a_starts_where_the_sound_did(speech: Waveform) -> None:
    waveform = speech.resampled(24_000)
    back = decode(encode_m4a(waveform, kbit_per_s=128)).waveform
    assert np.corrcoef(back.samples, waveform.samples)[0, 1] > 0.95


@pytest.mark.parametrize(("form", "expected"), [("wav", FOLDED), ("flac", TAGS), ("mp3", TAGS), ("m4a", FOLDED)])
def test_a_file_says_what_it_is_in_its_own_tags(speech: Waveform, form: str, expected: dict[str, str]) -> None:
    tagged = _tags_in(_encoded(form, speech.resampled(24_000), TAGS))
    assert {name: text for name, text in tagged.items() if name in TAGS} == expected


@pytest.mark.parametrize("form", FORMS)
def test_tags_change_nothing_that_is_heard(speech: Waveform, form: str) -> None:
    waveform = speech.resampled(24_000)
    plain, tagged = (decode(_encoded(form, waveform, tags)).waveform for tags in (NO_TAGS, TAGS))
    assert np.array_equal(plain.samples, tagged.samples)


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_tag_that_would_end_its_field_is_refused(speech: Waveform, form: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        _encoded(form, speech.resampled(24_000), {"title": "a\0b"})
