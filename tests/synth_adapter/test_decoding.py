import hashlib
import io
import struct
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from pytest_django import Settings

from synth_adapter.decode_worker import MAX_RATE, container_of
from synth_adapter.decoding import Decoded, decode
from synth_adapter.encoding import encode_mp3, encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.tagging import id3_tag
from synth_adapter.waveform import Waveform

Encoder = Callable[..., bytes]

FAULTY = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "flac-faulty" / "faulty"
ACCEPTED = [
    ("wav", "pcm_s16le", 16_000, "wav", "pcm_s16le"),
    ("wav", "pcm_s24le", 48_000, "wav", "pcm_s24le"),
    ("wav", "pcm_u8", 16_000, "wav", "pcm_u8"),
    ("wav", "pcm_f32le", 22_050, "wav", "pcm_f32le"),
    ("wav", "pcm_mulaw", 8_000, "wav", "pcm_mulaw"),
    ("wav", "pcm_alaw", 8_000, "wav", "pcm_alaw"),
    ("flac", "flac", 44_100, "flac", "flac"),
    ("mp3", "libmp3lame", 32_000, "mp3", "mp3"),
    ("ogg", "libopus", 48_000, "ogg", "opus"),
    ("webm", "libopus", 48_000, "matroska", "opus"),
    ("mp4", "aac", 44_100, "mp4", "aac"),
    ("ipod", "aac", 48_000, "mp4", "aac"),
    ("adts", "aac", 44_100, "aac", "aac"),
]


def _refusal(data: bytes) -> str:
    with pytest.raises(AudioError) as caught:
        decode(data)
    return caught.value.code


def _outcome(data: bytes) -> Decoded | str:
    """What was decoded, or the code of the refusal."""
    try:
        return decode(data)
    except AudioError as error:
        return error.code


def _wav(samples: np.ndarray, *, rate: int, channels: int, tag: int, declared: int | None = None) -> bytes:
    """A WAV put together by hand, whose header may say what it likes."""
    width = samples.dtype.itemsize
    body = samples.tobytes()
    header = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * width, channels * width, 8 * width)
    size = len(body) if declared is None else declared
    chunks = b"fmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", size) + body
    return b"RIFF" + struct.pack("<I", (4 + len(chunks)) & 0xFFFFFFFF) + b"WAVE" + chunks


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("accepted", ACCEPTED)
def test_every_accepted_format_becomes_the_same_mono_speech(
    speech: Waveform, encode: Encoder, accepted: tuple[str, str, int, str, str], layout: str
) -> None:
    muxer, encoder, rate, container, codec = accepted
    data = encode(speech, muxer, encoder, rate=rate, layout=layout)
    decoded = decode(data)
    assert (decoded.container, decoded.codec, decoded.waveform.rate) == (container, codec, rate)
    assert not decoded.truncated
    assert decoded.sha256 == hashlib.sha256(data).hexdigest()
    assert decoded.waveform.seconds == pytest.approx(speech.seconds, abs=0.06)
    expected = float(np.sqrt((speech.samples**2).mean()))
    assert float(np.sqrt((decoded.waveform.samples**2).mean())) == pytest.approx(expected, rel=0.1)


def test_flac_and_sixteen_bit_wav_are_decoded_to_the_sample(speech: Waveform, encode: Encoder) -> None:
    for data in (encode_wav(speech), encode(speech, "flac", "flac", rate=speech.rate)):
        assert np.abs(decode(data).waveform.samples - speech.samples).max() <= 1.0 / 32_768


def test_a_flac_behind_an_id3_tag_is_decoded_as_one(speech: Waveform, encode: Encoder) -> None:
    plain = encode(speech, "flac", "flac", rate=speech.rate)
    tagged = decode(id3_tag({"title": "x" * 5_000}) + plain)
    assert (tagged.container, tagged.truncated) == ("flac", False)
    assert np.array_equal(tagged.waveform.samples, decode(plain).waveform.samples)


def test_a_telephone_recording_keeps_its_eight_kilohertz(recordings: Callable[[str], Waveform]) -> None:
    digits = recordings("fsdd/0_george_0.flac")
    assert decode(encode_wav(digits)).waveform.rate == 8_000


@pytest.mark.parametrize(
    ("muxer", "codec", "options"),
    [
        ("webm", "libopus", {"live": "1"}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov"}),
        ("mp4", "libopus", {"movflags": "frag_keyframe+empty_moov"}),
    ],
)
def test_what_browsers_record_live_has_no_length_and_is_whole(
    speech: Waveform, encode: Encoder, muxer: str, codec: str, options: dict[str, str]
) -> None:
    decoded = decode(encode(speech, muxer, codec, rate=48_000, **options))
    assert decoded.waveform.seconds == pytest.approx(speech.seconds, abs=0.06)
    assert not decoded.truncated


def test_channels_are_averaged() -> None:
    stereo = np.array([[0.5, 0.25], [0.5, -0.5], [1.0, 0.0]] * 1_000, dtype=np.float32)
    decoded = decode(_wav(stereo, rate=16_000, channels=2, tag=3))
    assert decoded.waveform.samples[:3].tolist() == [0.375, 0.0, 0.5]


@pytest.mark.parametrize(
    ("muxer", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 16_000),
        ("flac", "flac", 16_000),
        ("mp3", "libmp3lame", 16_000),
        ("ogg", "libopus", 48_000),
        ("webm", "libopus", 48_000),
        ("adts", "aac", 44_100),
    ],
)
def test_a_file_that_was_cut_off_is_known_as_truncated(
    speech: Waveform, encode: Encoder, muxer: str, codec: str, rate: int
) -> None:
    data = encode(speech, muxer, codec, rate=rate)
    decoded = decode(data[: len(data) * 2 // 3])
    assert decoded.truncated
    assert 0.0 < decoded.waveform.seconds < speech.seconds


def test_an_m4a_without_its_index_cannot_be_decoded(speech: Waveform, encode: Encoder) -> None:
    data = encode(speech, "mp4", "aac", rate=44_100)
    assert _refusal(data[: len(data) * 2 // 3]) == "audio-undecodable"


def test_damage_in_the_middle_ends_the_recording_there(speech: Waveform, encode: Encoder) -> None:
    data = encode(speech, "flac", "flac", rate=16_000)
    half = len(data) // 2
    decoded = decode(data[:half] + bytes(5_000) + data[half + 5_000 :])
    assert decoded.truncated
    assert decoded.waveform.seconds < speech.seconds


def test_a_wav_that_claims_more_than_it_holds_is_taken_for_what_it_holds(speech: Waveform) -> None:
    pcm = (speech.samples * 32_767).astype("<i2")
    decoded = decode(_wav(pcm, rate=speech.rate, channels=1, tag=1, declared=2_000_000_000))
    assert (len(decoded.waveform.samples), decoded.truncated) == (len(pcm), True)


def test_a_wav_from_a_recorder_that_could_not_go_back_is_whole(speech: Waveform) -> None:
    pcm = (speech.samples * 32_767).astype("<i2")
    decoded = decode(_wav(pcm, rate=speech.rate, channels=1, tag=1, declared=0xFFFFFFFF))
    assert (len(decoded.waveform.samples), decoded.truncated) == (len(pcm), False)


def test_nothing_at_all_is_empty() -> None:
    assert _refusal(b"") == "audio-empty"


def test_a_wav_without_samples_is_empty() -> None:
    assert _refusal(encode_wav(Waveform(np.zeros(0, dtype=np.float32), 16_000))) == "audio-empty"


@pytest.mark.parametrize("data", [b"hello " * 100, b"%PDF-1.7 " + bytes(500), b"\x00" * 4_000, b"#EXTM3U\nfile:///x\n"])
def test_what_is_no_audio_is_unsupported(data: bytes) -> None:
    assert container_of(data) is None
    assert _refusal(data) == "audio-unsupported"


@pytest.mark.parametrize(
    "start", [b"ID3", b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftypM4A "]
)
def test_what_only_begins_like_audio_is_refused(start: bytes) -> None:
    assert _refusal(start + np.random.default_rng(1).bytes(5_000)) in {"audio-undecodable", "audio-unsupported"}


@pytest.mark.parametrize(
    ("muxer", "codec"), [("matroska", "aac"), ("wav", "adpcm_ima_wav"), ("mp2", "mp2"), ("aiff", "pcm_s32be")]
)
def test_a_codec_that_is_not_on_the_list_is_unsupported(
    speech: Waveform, encode: Encoder, muxer: str, codec: str
) -> None:
    assert _refusal(encode(speech, muxer, codec, rate=44_100)) == "audio-unsupported"


def test_two_audio_tracks_are_unsupported() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as opened:
        for stream in [opened.add_stream("aac", rate=44_100, layout="mono") for _ in range(2)]:
            frame = AudioFrame.from_ndarray(np.zeros((1, 44_100), dtype=np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44_100, 0
            opened.mux([*stream.encode(frame), *stream.encode(None)])
    assert _refusal(buffer.getvalue()) == "audio-unsupported"


@pytest.mark.parametrize("rate", [1, 3_999, MAX_RATE + 1, 2_000_000_000])
def test_a_sample_rate_that_no_microphone_has_is_unsupported(rate: int) -> None:
    data = _wav(np.zeros(50_000, dtype="<i2"), rate=rate, channels=1, tag=1)
    assert _refusal(data) in {"audio-unsupported", "audio-undecodable"}


def test_more_channels_than_eight_are_unsupported() -> None:
    assert _refusal(_wav(np.zeros(90_000, dtype="<i2"), rate=16_000, channels=9, tag=1)) == "audio-unsupported"


def test_samples_that_are_not_numbers_are_refused() -> None:
    samples = np.zeros(16_000, dtype=np.float32)
    samples[8_000] = np.nan
    assert _refusal(_wav(samples, rate=16_000, channels=1, tag=3)) == "audio-undecodable"


def test_floats_beyond_full_scale_are_clipped() -> None:
    decoded = decode(_wav(np.array([1e30, -7.0, 0.5] * 500, dtype=np.float32), rate=16_000, channels=1, tag=3))
    assert decoded.waveform.samples[:3].tolist() == [1.0, -1.0, 0.5]


def test_too_many_bytes_are_refused_before_anything_looks_at_them(settings: Settings) -> None:
    settings.AUDIO_MAX_BYTES = 1_000
    assert _refusal(b"RIFF" + bytes(997)) == "audio-too-large"


def test_a_recording_over_the_limit_is_too_long_whatever_its_header_says(settings: Settings, speech: Waveform) -> None:
    settings.AUDIO_MAX_SECONDS = 2
    assert _refusal(encode_wav(speech)) == "audio-too-long"
    assert _refusal(encode_mp3(speech, kbit_per_s=64)) == "audio-too-long"
    assert decode(encode_wav(speech.cut(0.0, 2.0))).waveform.seconds == 2.0


def test_twenty_minutes_in_a_small_flac_are_too_long(encode: Encoder) -> None:
    bomb = encode(Waveform(np.zeros(20 * 60 * 16_000, dtype=np.float32), 16_000), "flac", "flac", rate=16_000)
    assert len(bomb) < 300_000
    assert _refusal(bomb) == "audio-too-long"


def test_decoding_that_takes_too_much_time_is_ended(settings: Settings, encode: Encoder) -> None:
    slow = encode(Waveform(np.zeros(500 * 96_000, dtype=np.float32), 96_000), "flac", "flac", rate=96_000)
    settings.AUDIO_DECODE_WALL_SECONDS = 0.05  # a decoder that starts takes longer already
    started = time.monotonic()
    assert _refusal(slow) == "audio-decoder-limit"
    assert time.monotonic() - started < 5.0


def test_a_recording_that_needs_more_memory_than_allowed_is_refused(settings: Settings) -> None:
    settings.AUDIO_DECODE_MEMORY = 420 * 1024 * 1024
    assert decode(_wav(np.zeros(16_000, dtype="<i2"), rate=16_000, channels=1, tag=1)).waveform.seconds == 1.0
    settings.AUDIO_MAX_BYTES = 1_000_000_000
    heavy = _wav(np.zeros(150_000_000, dtype="<i2"), rate=96_000, channels=8, tag=1)
    assert _refusal(heavy) == "audio-decoder-limit"


@pytest.mark.skipif(not FAULTY.is_dir(), reason=f"the faulty FLAC files are not here: {FAULTY}")
@pytest.mark.parametrize("name", sorted(path.name for path in FAULTY.glob("*.flac")))
def test_a_faulty_flac_is_decoded_within_limits_or_refused(name: str) -> None:
    outcome = _outcome((FAULTY / name).read_bytes())
    if isinstance(outcome, Decoded):
        assert outcome.codec == "flac"
        assert 0.0 < outcome.waveform.seconds < 60.0
    else:
        assert outcome in {"audio-undecodable", "audio-unsupported", "audio-empty"}


def test_random_damage_never_ends_in_anything_but_sound_or_a_refusal(speech: Waveform, encode: Encoder) -> None:
    chance = np.random.default_rng(20)
    short = speech.cut(0.0, 1.0)
    for muxer, codec, rate in (("ogg", "libopus", 48_000), ("mp4", "aac", 44_100), ("flac", "flac", 16_000)):
        data = np.frombuffer(encode(short, muxer, codec, rate=rate), dtype=np.uint8)
        for hits in (1, 5, 50, 500):
            damaged = data.copy()
            damaged[chance.integers(len(data), size=hits)] = chance.integers(256, size=hits)
            outcome = _outcome(damaged.tobytes())
            assert isinstance(outcome, Decoded) or outcome in {"audio-undecodable", "audio-unsupported", "audio-empty"}
