"""Pictures of sound: peaks for a waveform, and a spectrogram as a PNG, drawn from the retained original on request."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform

PEAK_PAIRS = 600
WIDTH, HEIGHT = 1_200, 320
RANGE_DB = 80.0
FAINTEST_DB = 0.0
"""What counts as the loudest point where there is hardly any sound, so that silence is dark."""
_WINDOW = 1_024
_SHADES = np.array(  # dark to bright, even in lightness (after matplotlib's "magma", CC0)
    [[0, 0, 4], [40, 17, 89], [114, 31, 129], [183, 55, 121], [241, 96, 93], [254, 175, 119], [252, 253, 191]]
)


def peaks(waveform: Waveform, *, pairs: int = PEAK_PAIRS) -> list[list[float]]:
    """Lowest and highest sample of each of `pairs` equal stretches, three decimals; fewer where there are no more."""
    count = min(pairs, len(waveform.samples))
    if not count:
        return []
    edges = np.linspace(0, len(waveform.samples), count + 1).astype(np.int64)[:-1]
    lowest, highest = np.minimum.reduceat(waveform.samples, edges), np.maximum.reduceat(waveform.samples, edges)
    return [[round(float(low), 3), round(float(high), 3)] for low, high in zip(lowest, highest, strict=True)]


def spectrogram(waveform: Waveform, *, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A PNG of `width` x `height` pixels: time to the right, frequency upwards to half the rate, level as brightness.

    Each column is the power spectrum (Hann window of 1024 samples) in the middle of its stretch of time; brightness
    spans 80 dB below the loudest point.
    """
    samples = np.pad(waveform.samples, (_WINDOW // 2, _WINDOW))
    starts = ((np.arange(width) + 0.5) * len(waveform.samples) / width).astype(np.int64)
    frames = samples[starts[:, None] + np.arange(_WINDOW)] * np.hanning(_WINDOW).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    rows = np.linspace(power.shape[1] - 1, 0, height).round().astype(np.int64)
    decibels = 10.0 * np.log10(power[:, rows].T + 1e-12)
    level = np.clip((decibels - max(decibels.max(), FAINTEST_DB)) / RANGE_DB + 1.0, 0.0, 1.0)
    return png(np.round(level * 255.0).astype(np.uint8))


def png(levels: NDArray[np.uint8]) -> bytes:
    """A PNG (ISO/IEC 15948) of a grid of levels, shape (height, width), through the palette of this module."""
    height, width = levels.shape
    places = np.linspace(0, len(_SHADES) - 1, 256)
    palette = np.stack([np.interp(places, range(len(_SHADES)), _SHADES[:, part]) for part in range(3)], axis=1)
    lines = np.hstack([np.zeros((height, 1), np.uint8), levels])  # each line begins with its filter: none
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", np.round(palette).astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
