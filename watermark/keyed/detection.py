"""Looks for the mark of an epoch in a sound: alignments by the pilot, then evidence by clip code, or a short id."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.keyed import scoring, search, short_id
from watermark.keyed.codes import EpochKeys
from watermark.keyed.features import ROW_SECONDS, Real, powers
from watermark.keyed.grid import FRAMES
from watermark.keyed.matching import CodeBook, Match, read
from watermark.keyed.refining import distinct, followed, settled

LEAST_SECONDS = 1.0
WINDOW_SECONDS, WINDOWS = 4.0, 2
"""Longer sounds are searched in their two liveliest windows and followed from there."""
FOLLOWED, KEPT = 8, 4
HOPELESS = 0.6
"""Share of the best coarse score below which an alignment is not followed."""
FIRST_SHARE = 0.5
"""Of the false rate; the alignments after the best share the rest."""


@dataclass(frozen=True, eq=False)
class Heard:
    """One alignment and the soft symbols of the clip code there, shape (FRAMES, CODE_CELLS)."""

    alignment: search.Alignment
    soft: Real


@dataclass(frozen=True)
class Named:
    """The registered clip that fits best, and log10 of the family-wise chance that it fits as well by accident."""

    match: Match
    alignment: search.Alignment
    log10_p: float


@dataclass(frozen=True)
class BlindReading:
    """A short id read without a registry, with its score and log10 of its family-wise chance."""

    short_id: int
    z: float
    log10_p: float


def hear(waveform: Waveform, keys: EpochKeys) -> list[Heard]:
    """The best alignments of the epoch's pilots, best first; raises `MarkError` for less than one second.

    There are always some: an alignment alone says nothing about whether there is a mark.
    """
    if waveform.seconds < LEAST_SECONDS:
        raise MarkError(f"The keyed mark needs at least one second, got {waveform.seconds:.2f} s.")
    power = powers(waveform)
    found = []
    for start, end in _windows(power):
        coarse = [one.moved(start) for one in search.search(power[start:end], keys.pilots)]
        found += [
            followed(power, one, keys.pilots[one.hop], rows=end - start)
            for one in distinct(coarse, kept=FOLLOWED)
            if one.z >= HOPELESS * coarse[0].z
        ]
    heard = []
    for one in distinct(found, kept=KEPT):
        settled_one, frames = settled(power, one, keys.pilots[one.hop])
        heard.append(Heard(settled_one, read(frames, keys.layouts[one.hop])))
    return sorted(heard, key=lambda one: -one.alignment.z)


def name(heard: list[Heard], book: CodeBook) -> Named | None:
    """The clip of the book with the strongest evidence, however weak; None where no code uses a heard hop."""
    found = []
    for rank, one in enumerate(heard):
        for match in book.matched(one.soft, hop=one.alignment.hop, kept=1):
            tried = FRAMES * len(book.places[one.alignment.hop]) / _share(rank)
            found.append(Named(match, one.alignment, scoring.log10_p(match.z, tried=tried)))
    return min(found, key=lambda named: (named.log10_p, -named.match.z), default=None)


def read_short_id(heard: list[Heard], keys: EpochKeys) -> BlindReading | None:
    """The most likely short id whose checksum holds; a hint where to look, to be confirmed by the clip's whole code."""
    found = []
    for rank, one in enumerate(heard):
        soft = one.soft[:, : short_id.SYMBOLS].astype(np.float64)
        soft /= np.maximum(np.linalg.norm(soft, axis=1, keepdims=True), 1e-12)
        word = keys.short_code.decoded(soft)
        if word is not None:
            tried = FRAMES * (1 << short_id.ID_BITS) / _share(rank)
            found.append(BlindReading(word.short_id, word.likeness, scoring.log10_p(word.likeness, tried=tried)))
    return min(found, key=lambda reading: (reading.log10_p, -reading.z), default=None)


def _share(rank: int) -> float:
    return FIRST_SHARE if rank == 0 else (1 - FIRST_SHARE) / (KEPT - 1)


def _windows(power: Real) -> list[tuple[int, int]]:
    """Rows to search: everything, or the windows that hold the most speech, not overlapping."""
    length = round(WINDOW_SECONDS / ROW_SECONDS)
    if len(power) <= 1.5 * length:
        return [(0, len(power))]
    level = np.log(power.sum(axis=1) + 1e-9)
    alive = np.cumsum(np.concatenate(([0.0], level > level.max() - 8.0)))
    starts = np.arange(0, len(power) - length + 1, length // 8)
    speech = alive[starts + length] - alive[starts]
    chosen: list[int] = []
    for start in starts[np.argsort(-speech, kind="stable")]:
        if len(chosen) < WINDOWS and all(abs(start - other) >= length for other in chosen):
            chosen.append(int(start))
    return [(start, start + length) for start in chosen]
