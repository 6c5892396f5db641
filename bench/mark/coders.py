"""Telephone and file coders beyond those of `bench.spoofing.channels`: AAC, GSM full rate, AMR, Codec 2."""

from __future__ import annotations

import io

import av
import numpy as np
import soundfile
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from bench.mark import borrowed
from bench.mark.damage import resampled
from bench.spoofing.channels import RATE, Samples

NARROW = 8_000
AAC_FRAME, AMR_FRAME = 1_024, 160


def aac(samples: Samples, *, bits: int) -> Samples:
    """Through FFmpeg's AAC encoder and back."""
    return _through(samples, rate=RATE, codec="aac", form="adts", bits=bits, frame=AAC_FRAME, layout="fltp")


def gsm(samples: Samples) -> Samples:
    """GSM 06.10 full rate, 13 kbit/s, by libsndfile."""
    narrow = np.clip(resampled(samples, RATE, NARROW), -1, 1)
    buffer = io.BytesIO()
    soundfile.write(buffer, narrow, NARROW, format="WAV", subtype="GSM610")
    buffer.seek(0)
    return resampled(soundfile.read(buffer)[0], NARROW, RATE)[: len(samples)]


def amr(samples: Samples, *, bits: int) -> Samples:
    """AMR narrow band; at 12.2 kbit/s the enhanced full rate of GSM."""
    narrow = resampled(samples, RATE, NARROW)
    coded = _through(
        narrow, rate=NARROW, codec="libopencore_amrnb", form="amr", bits=bits, frame=AMR_FRAME, layout="s16"
    )
    return coded[: len(samples)]


def codec2(samples: Samples, *, bits: int) -> Samples:
    """The parametric vocoder Codec 2 (D. Rowe): pitch, voicing and line spectral pairs, nothing of the wave itself."""
    coder = borrowed.module("pycodec2").Codec2(bits)
    size = coder.samples_per_frame()
    narrow = np.clip(resampled(samples, RATE, NARROW), -1, 1)
    whole = (np.pad(narrow, (0, -len(narrow) % size)) * 32_767).astype(np.int16)
    pieces = [coder.decode(coder.encode(whole[start : start + size])) for start in range(0, len(whole), size)]
    return resampled(np.concatenate(pieces).astype(np.float64) / 32_768, NARROW, RATE)[: len(samples)]


def _through(samples: Samples, *, rate: int, codec: str, form: str, bits: int, frame: int, layout: str) -> Samples:
    whole = np.pad(np.clip(samples, -1, 1), (0, -len(samples) % frame))
    values = whole.astype(np.float32) if layout == "fltp" else (whole * 32_767).astype(np.int16)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = bits
        for start in range(0, len(values), frame):
            piece = AudioFrame.from_ndarray(values[np.newaxis, start : start + frame], format=layout, layout="mono")
            piece.sample_rate, piece.pts = rate, start
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    resampler = AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(io.BytesIO(buffer.getvalue())) as container:
        pieces = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        pieces += [out.to_ndarray()[0] for out in resampler.resample(None)]
    return np.concatenate(pieces).astype(np.float64)
