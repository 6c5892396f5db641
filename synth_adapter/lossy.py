"""Sound as a lossy codec leaves it: encoded and decoded again in this process, for trials of what outlasts it."""

from __future__ import annotations

import io
from typing import Literal

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform

RATE = 16_000
OPUS_RATE, OPUS_FRAME = 48_000, 960
MP3_FRAME = 576

Codec = Literal["libopus", "libmp3lame"]


def coded(waveform: Waveform, *, codec: Codec, bits: int) -> Waveform:
    """The sound at 16 kHz after so many bits a second, as long as it was and in step with it.

    The bytes are our own, so they are decoded here and not in a room of their own.
    """
    rate, frame_length = (OPUS_RATE, OPUS_FRAME) if codec == "libopus" else (RATE, MP3_FRAME)
    length = len(waveform.resampled(RATE).samples)
    samples = np.clip(waveform.resampled(rate).samples, -1, 1)
    whole = (np.pad(samples, (0, -len(samples) % frame_length)) * 32_767).astype("<i2")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg" if codec == "libopus" else "mp3") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = bits
        layout = "s16" if codec == "libopus" else "s16p"
        for start in range(0, len(whole), frame_length):
            frame = AudioFrame.from_ndarray(
                whole[np.newaxis, start : start + frame_length], format=layout, layout="mono"
            )
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Waveform(_decoded(buffer.getvalue())[:length], RATE)


def _decoded(data: bytes) -> NDArray[np.float32]:
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(io.BytesIO(data), "r") as container:
        frames = (*container.decode(audio=0), None)  # the last lets out what the resampler still holds
        pieces = [out.to_ndarray()[0] for frame in frames for out in resampler.resample(frame)]
    return np.asarray(np.concatenate(pieces) / 32_768, dtype=np.float32)
