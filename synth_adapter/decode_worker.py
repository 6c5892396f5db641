"""A program of its own that decodes one untrusted recording under resource limits; `decoding` starts it.

The recording comes on standard input, mono float32 samples leave on standard output, and one line of JSON on standard
error says what they are or why there are none. The limits come as JSON in the only argument. Run isolated (`-I`), so
nothing of this project is imported here.
"""

from __future__ import annotations

import json
import resource
import sys
from io import BytesIO
from typing import Any, NoReturn, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

MIN_RATE, MAX_RATE = 4_000, 96_000
MAX_CHANNELS = 8
OPEN_FILES = 64
CODECS = {
    "wav": ("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_u8", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
    "flac": ("flac",),
    "mp3": ("mp3float", "mp3"),
    "aac": ("aac",),
    "ogg": ("opus", "libopus", "vorbis", "flac"),
    "matroska": ("opus", "libopus", "vorbis"),
    "mp4": ("aac", "opus", "libopus"),
}
"""Container (by its demuxer in libavformat, whose name is given, never guessed) to the decoders allowed in it."""
LENGTH_TOLERANCE = 0.1
"""Seconds by which a file may be shorter than it says: encoders' padding."""
UNKNOWN_WAV_LENGTHS = {0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF - 36}
OGG_LAST_PAGE = 4
FULL_SCALES = {"u8": (128.0, 128.0), "s16": (0.0, 2.0**15), "s32": (0.0, 2.0**31), "flt": (0.0, 1.0), "dbl": (0.0, 1.0)}
"""Zero and full scale of each sample format that a decoder may give."""
XING_WITHIN = 256
ID3_HEADER_BYTES = 10


class Refusal(Exception):  # noqa: N818 - an answer to the caller rather than a fault
    """Why there are no samples, as (code, message)."""


def main() -> None:
    limits = json.loads(sys.argv[1])
    _limit(limits)
    try:
        answer = _decode(sys.stdin.buffer.read(), max_seconds=limits["seconds"])
    except Refusal as refusal:
        answer = {"code": refusal.args[0], "message": refusal.args[1]}
    except MemoryError:
        answer = {"code": "audio-decoder-limit", "message": "Decoding this recording takes more memory than allowed."}
    except Exception as error:  # noqa: BLE001 - whatever an untrusted file provokes here is the file's fault
        answer = {"code": "audio-undecodable", "message": f"This file cannot be read ({type(error).__name__})."}
    sys.stdout.buffer.flush()
    sys.stderr.write(json.dumps(answer) + "\n")


def _limit(limits: dict[str, Any]) -> None:
    for what, amount in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (amount, amount))


def container_of(data: bytes) -> str | None:
    """The container by its first bytes; None for what is not accepted. Only FLAC is looked for behind an ID3 tag."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    behind = data[_after_id3(data) :][:4]
    for start, name in ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"\x1aE\xdf\xa3", "matroska"), (b"ID3", "mp3")):
        if data.startswith(start) or behind == start == b"fLaC":
            return name
    if data[4:8] == b"ftyp":
        return "mp4"
    if len(data) > 1 and data[0] == 0xFF:  # noqa: PLR2004 - the sync word that MPEG audio frames begin with
        if data[1] & 0xF6 == 0xF0:  # noqa: PLR2004 - ADTS has layer 0
            return "aac"
        if data[1] & 0xE0 == 0xE0 and data[1] & 0x06:  # noqa: PLR2004 - MPEG audio, layers I to III
            return "mp3"
    return None


def _decode(data: bytes, *, max_seconds: float) -> dict[str, Any]:
    name = container_of(data)
    if name is None:
        _refuse("audio-unsupported", "Send WAV, FLAC, MP3, Ogg, WebM, M4A or AAC; this is none of them.")
    if name == "flac":
        data = data[_after_id3(data) :]  # where C2PA puts a manifest; the demuxer knows of none
    allowed = ",".join(CODECS[name])
    options = {"format_whitelist": name, "codec_whitelist": allowed, "protocol_whitelist": "none"}
    if name in {"matroska", "mp4"}:  # their demuxers go by a list of names
        options["format_whitelist"] = "matroska,webm" if name == "matroska" else "mov,mp4,m4a,3gp,3g2,mj2"
    with av.open(BytesIO(data), format=name, options=options, metadata_errors="replace") as opened:
        return _read(cast("InputContainer", opened), name, data, max_seconds=max_seconds)


def _read(opened: InputContainer, name: str, data: bytes, *, max_seconds: float) -> dict[str, Any]:
    streams = opened.streams.audio
    if len(streams) != 1:
        _refuse("audio-unsupported", f"A recording has one audio track; this file has {len(streams)}.")
    stream = streams[0]
    codec = stream.codec_context
    if codec.codec.name not in CODECS[name]:
        _refuse("audio-unsupported", f"{codec.codec.name} in {name} is not accepted.")
    rate = codec.sample_rate
    if not MIN_RATE <= rate <= MAX_RATE:
        _refuse("audio-unsupported", f"The sample rate is {rate} Hz; {MIN_RATE} to {MAX_RATE} Hz are accepted.")
    if not 1 <= codec.channels <= MAX_CHANNELS:
        _refuse("audio-unsupported", f"{codec.channels} channels; one to {MAX_CHANNELS} are accepted.")
    codec.thread_count = 1
    says = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    if name == "matroska" and opened.duration:  # its tracks have no length, only the whole has
        says = opened.duration / av.time_base
    whole = round(says * rate) if name == "mp4" else 0
    count, damaged = _write(opened, rate=rate, channels=codec.channels, limit=int(max_seconds * rate), whole=whole)
    if count == 0:
        code = "audio-undecodable" if damaged else "audio-empty"
        _refuse(code, "There is no sound in this file that could be decoded; record it again.")
    return {
        "container": name,
        "codec": codec.codec.canonical_name,
        "rate": rate,
        "channels": codec.channels,
        "count": count,
        "truncated": damaged or _breaks_off(name, data, missing=says - count / rate),
    }


def _write(opened: InputContainer, *, rate: int, channels: int, limit: int, whole: int) -> tuple[int, bool]:
    """Write mono samples out as they come; says how many there were and whether damage ended them.

    Where `whole` says how many there should be, the encoder's padding in the last frame is left out.
    """
    count, damaged = 0, False
    last: NDArray[np.float32] = np.empty(0, dtype=np.float32)
    packets = opened.demux(audio=0)
    while True:
        try:
            packet = next(packets, None)
            frames = packet.decode() if packet is not None else None
        except MemoryError:
            raise
        except av.FFmpegError:
            if damaged or count:  # what follows damage is not to be trusted
                sys.stdout.buffer.write(last.tobytes())
                return count, True
            damaged = True  # some encoders begin with rubbish that players skip
            continue
        if frames is None:
            padding = count - whole if 0 < count - whole < len(last) else 0
            sys.stdout.buffer.write(last[: len(last) - padding].tobytes())
            return count - padding, damaged
        for frame in frames:
            if frame.sample_rate != rate or frame.layout.nb_channels != channels:
                _refuse("audio-unsupported", "The sample rate or the channels change within this recording.")
            mono = _mono(frame)
            count += len(mono)
            if count > limit:
                _refuse("audio-too-long", f"A recording has at most {limit / rate:.0f} seconds; this one has more.")
            sys.stdout.buffer.write(last.tobytes())
            last = mono


def _mono(frame: AudioFrame) -> NDArray[np.float32]:
    """The mean of the channels as float32 within -1..1."""
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    offset, full_scale = FULL_SCALES[frame.format.name.removesuffix("p")]
    mono = np.clip((values.mean(axis=0, dtype=np.float64) - offset) / full_scale, -1.0, 1.0).astype("<f4")
    if not np.isfinite(mono).all():
        _refuse("audio-undecodable", "This recording contains samples that are not numbers.")
    return np.asarray(mono, dtype=np.float32)


def _breaks_off(name: str, data: bytes, *, missing: float) -> bool:
    """Whether the file itself shows that its end is lost; `missing` is what it says it lasts less what was there."""
    match name:
        case "wav":
            return _wav_breaks_off(data)
        case "ogg":
            return not _ogg_ends(data)
        case "mp3":
            return _mp3_counts_frames(data) and missing > LENGTH_TOLERANCE
        case "flac" | "mp4" | "matroska":
            return missing > LENGTH_TOLERANCE  # nothing is missing where a live recorder did not say a length
    return False  # bare AAC never says how long it is


def _wav_breaks_off(data: bytes) -> bool:
    """Whether the data chunk is longer than the file; writers that could not go back leave a length that is none."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            return size not in UNKNOWN_WAV_LENGTHS and at + 8 + size > len(data)
        at += 8 + size + size % 2
    return True


def _mp3_counts_frames(data: bytes) -> bool:
    """Whether the first frame is a Xing or LAME header; without one, players guess the length from the size."""
    start = _after_id3(data)
    first = data[start : start + XING_WITHIN]
    return b"Xing" in first or b"Info" in first


def _after_id3(data: bytes) -> int:
    """Where an ID3 tag in front ends, 0 without one; its size has seven bits per byte."""
    if not data.startswith(b"ID3") or len(data) < ID3_HEADER_BYTES:
        return 0
    return ID3_HEADER_BYTES + (data[6] << 21) + (data[7] << 14) + (data[8] << 7) + data[9]


def _ogg_ends(data: bytes) -> bool:
    """Whether the last Ogg page is complete and marked as the last (RFC 3533, section 6)."""
    at = data.rfind(b"OggS")
    page = data[at:]
    if len(page) < 27 or len(page) < 27 + page[26]:  # noqa: PLR2004 - the fixed part of a page header
        return False
    return bool(page[5] & OGG_LAST_PAGE) and len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])


def _refuse(code: str, message: str) -> NoReturn:
    raise Refusal(code, message)


if __name__ == "__main__":
    main()
