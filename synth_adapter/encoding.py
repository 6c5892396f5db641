"""Waveforms become files: 16-bit WAV, FLAC, MP3 and M4A, the same bytes for the same waveform and tags.

Every encoder takes tags, named as libavformat names them, with which a file says in its own words what it is.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from types import MappingProxyType

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from synth_adapter.tagging import ATOMS, folded, id3_tag, info_chunk
from synth_adapter.waveform import Waveform

FULL_SCALE = 32_768
MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
AAC_RATES = (*MP3_RATES, 64_000, 88_200, 96_000)
NO_TAGS: Mapping[str, str] = MappingProxyType({})


def encode_wav(waveform: Waveform, *, tags: Mapping[str, str] = NO_TAGS) -> bytes:
    """16-bit PCM mono; samples outside -1..1 are clipped; tags as RIFF INFO. Exact to the sample."""
    pcm = _sixteen_bits(waveform).tobytes()
    form = b"WAVE" + b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, waveform.rate, 2 * waveform.rate, 2, 16)
    form += info_chunk(tags) + b"data" + struct.pack("<I", len(pcm)) + pcm
    return b"RIFF" + struct.pack("<I", len(form)) + form


def encode_flac(waveform: Waveform, *, tags: Mapping[str, str] = NO_TAGS) -> bytes:
    """16-bit FLAC mono with the same samples as `encode_wav`; tags as Vorbis comments. Exact to the sample."""
    return _encoded(waveform, form="flac", codec="flac", sample_format="s16", tags=tags)


def encode_mp3(waveform: Waveform, *, kbit_per_s: int, tags: Mapping[str, str] = NO_TAGS) -> bytes:
    """Mono MP3 at a constant bit rate, through LAME; tags as ID3v2.4.

    The LAME header states delay and padding, so a decoder that honours it gives back the exact length.

    Raises:
        ValueError: MP3 does not have this sample rate; resample first.
    """
    _require(waveform.rate, MP3_RATES, "MP3")
    options = {"id3v2_version": "0"}
    sound = _encoded(
        waveform, form="mp3", codec="libmp3lame", sample_format="s16p", kbit_per_s=kbit_per_s, options=options
    )
    return id3_tag(tags) + sound


def encode_m4a(waveform: Waveform, *, kbit_per_s: int, tags: Mapping[str, str] = NO_TAGS) -> bytes:
    """Mono AAC-LC in M4A; tags as iTunes atoms.

    The edit list states delay and length in samples, so a decoder that honours it gives back the exact length.

    Raises:
        ValueError: AAC does not have this sample rate; resample first.
    """
    _require(waveform.rate, AAC_RATES, "AAC")
    options = {"movie_timescale": str(waveform.rate)}  # the edit list counts in it: milliseconds would round
    return _encoded(
        waveform,
        form="ipod",
        codec="aac",
        sample_format="fltp",
        kbit_per_s=kbit_per_s,
        options=options,
        tags=folded(tags, fields=ATOMS),
    )


def _encoded(
    waveform: Waveform,
    *,
    form: str,
    codec: str,
    sample_format: str,
    kbit_per_s: int | None = None,
    options: Mapping[str, str] = NO_TAGS,
    tags: Mapping[str, str] = NO_TAGS,
) -> bytes:
    """The sound through libavformat, without the library's own version in it."""
    pcm = _sixteen_bits(waveform)
    samples = (pcm.astype(np.float32) / FULL_SCALE) if sample_format == "fltp" else pcm
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form, options={"fflags": "+bitexact", **options}) as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=waveform.rate, layout="mono")
        assert isinstance(stream, AudioStream)  # noqa: S101 - these encoders encode nothing else
        if kbit_per_s is not None:
            stream.bit_rate = kbit_per_s * 1_000
        stream.codec_context.format = sample_format
        frame = AudioFrame.from_ndarray(samples[np.newaxis], format=sample_format, layout="mono")
        frame.sample_rate = waveform.rate
        frame.pts = 0
        for piece in (frame, None):
            for packet in stream.encode(piece):
                container.mux(packet)
    return buffer.getvalue()


def _require(rate: int, rates: tuple[int, ...], name: str) -> None:
    if rate not in rates:
        raise ValueError(f"{name} has no sample rate of {rate} Hz; resample to one of {rates}.")


def _sixteen_bits(waveform: Waveform) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    scaled = np.round(waveform.samples.astype(np.float64) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
