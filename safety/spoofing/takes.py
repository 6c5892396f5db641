"""Takes that are copies: the same stretch of sound twice, in one recording or in two; no living voice can do that.

Fingerprints after Haitsma and Kalker (ISMIR 2002): 32 bits every 11.6 ms say whether the energy of a band, against its
neighbour's, rose or fell. Two stretches of about three seconds are one take when fewer than 35 % of their bits differ,
which survives codecs, levels and added noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform

RATE = 8_000
FRAME, HOP = 2_960, 93
BITS = 32
BLOCK = 256
PORTION = 512
DIFFERENT_BITS = 0.35
BAND_HZ = (300.0, 2_000.0)
QUIET_DB = 35.0
LEAST_SOUND = 0.5
MOST_SECONDS = 60.0
MOST_BLOCKS = 4


@dataclass(frozen=True, eq=False)
class Take:
    """Signs of shape (frames, 32), each -1 or 1, and which frames hold sound; never stored."""

    signs: NDArray[np.float32]
    heard: NDArray[np.bool_]


def fingerprint(sound: Waveform) -> Take:
    """The fingerprint of the first minute of a recording; too short a one has no frames and is nobody's copy."""
    change, heard = changes(sound.cut(0.0, MOST_SECONDS))
    return Take(np.where(change > 0, 1.0, -1.0).astype(np.float32), heard)


def changes(sound: Waveform) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How each band's energy changed against its neighbour's, shape (frames, 32), and which frames hold sound.

    The sign of a change is its bit of the fingerprint; how small it is says how easily that bit turns.
    """
    samples = sound.resampled(RATE).samples.astype(np.float64)
    if len(samples) < FRAME + 2 * HOP:
        return np.zeros((0, BITS)), np.zeros(0, np.bool_)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    bands = np.concatenate([_bands(part) for part in np.array_split(frames, max(1, len(frames) // PORTION))])
    level = 10 * np.log10(bands.sum(axis=1)[1:] + 1e-12)
    return np.diff(np.diff(bands, axis=1), axis=0), level > np.percentile(level, 95) - QUIET_DB


def repeated_seconds(take: Take) -> float:
    """How much of a recording is a copy of an earlier part of itself, in seconds."""
    starts = range(BLOCK, len(take.signs) - BLOCK + 1, BLOCK)
    return sum(BLOCK * HOP / RATE for start in starts if _found(take, start, among=take.signs[:start]))


def copies(known: Sequence[Take]) -> list[tuple[int, int]]:
    """Pairs of recordings, by index, of which one holds a stretch of the other."""
    return [
        (first, second)
        for first, second in combinations(range(len(known)), 2)
        if any(_found(known[second], start, among=known[first].signs) for start in _spread(known[second]))
    ]


def _spread(take: Take) -> Iterable[int]:
    """Where a few blocks begin, evenly spread; none where there is not one whole block."""
    last = len(take.signs) - BLOCK
    return [] if last < 0 else sorted({int(start) for start in np.linspace(0, last, MOST_BLOCKS)})


def _found(take: Take, start: int, *, among: NDArray[np.float32]) -> bool:
    """Whether the block at `start` holds sound and lies anywhere in `among`: correlation with all places at once."""
    if len(among) < BLOCK or take.heard[start : start + BLOCK].mean() < LEAST_SOUND:
        return False
    size = 1 << (len(among) + BLOCK - 1).bit_length()
    block = np.fft.rfft(take.signs[start : start + BLOCK][::-1], size, axis=0)
    whole = np.fft.irfft(np.sum(block * np.fft.rfft(among, size, axis=0), axis=1), size)
    return bool(whole[BLOCK - 1 : len(among)].max() > (1 - 2 * DIFFERENT_BITS) * BLOCK * BITS)


def _bands(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    power = np.abs(np.fft.rfft(frames * _WINDOW)) ** 2
    return np.asarray(np.add.reduceat(power[:, : _EDGES[-1]], _EDGES[:-1], axis=1))


_WINDOW = np.hanning(FRAME)
_EDGES = np.round(np.geomspace(*BAND_HZ, BITS + 2) * FRAME / RATE).astype(int)
