"""Looks for the mark of an epoch in a sound: alignments by the pilot, then evidence by clip code, or a short id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.keyed import scoring, search, short_id
from watermark.keyed.codes import PilotKeys
from watermark.keyed.features import ROW_SECONDS, ROWS_PER_CHIP, Real, powers
from watermark.keyed.grid import BANDS, CHIPS, FRAMES, HOPS
from watermark.keyed.matching import CodeBook, Match, read
from watermark.keyed.refining import distinct, followed, settled
from watermark.keyed.timeline import liveliest

LEAST_SECONDS = 1.0
WINDOW_SECONDS, WINDOWS = 4.0, 2
"""Longer sounds are searched in their two liveliest windows and followed from there."""
FOLLOWED, KEPT = 8, 4
SEVERAL_FOLLOWED, SEVERAL_KEPT = 4, 2
"""The same where a sound is searched in several windows, each of which is long and one of many."""
TRIMMED = 2
"""Alignments that are read once more within the part that seems to hold the pilot, if that is not nearly everything."""
NEARLY_ALL = 0.75
PIECE = 16
"""Chips of which that part is made up."""
HOPELESS = 0.6
"""Share of the best coarse score below which an alignment is not followed."""
FAINTEST = 3.8
"""Score of a followed pilot below which no code can be evidence, so that only the best alignment is read."""
FIRST_SHARE = 0.5
"""Of the false rate; what comes after the best shares the rest."""

Signs = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Heard:
    """One alignment and what it reads.

    Attributes:
        epoch: Whose pilot it is.
        alignment: Where that lies.
        lead: Chips from the beginning of the first frame to the alignment's centre.
        soft: Symbols of the clip code, shape (FRAMES, CODE_CELLS).
    """

    epoch: int
    alignment: search.Alignment
    lead: int
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


def hear(waveform: Waveform, pilots: PilotKeys) -> list[Heard]:
    """The best alignments of the pilots of one epoch, best first; raises `MarkError` for less than one second.

    There are always some: an alignment alone says nothing about whether there is a mark.
    """
    if waveform.seconds < LEAST_SECONDS:
        raise MarkError(f"The keyed mark needs at least one second, got {waveform.seconds:.2f} s.")
    return listen(powers(waveform), {0: pilots})


def listen(
    power: Real, epochs: Mapping[int, PilotKeys], *, followed_ones: int = FOLLOWED, kept: int = KEPT
) -> list[Heard]:
    """The best alignments of any epoch's pilots in power spectra of at least a second, best first.

    Args:
        power: From `features.powers`.
        epochs: Their pilots.
        followed_ones: How many coarse alignments are followed over everything.
        kept: How many of these are read.
    """
    names = list(epochs)
    pilots = np.concatenate([epochs[epoch].pilots for epoch in names])
    spans = _windows(power)
    coarse = [one.moved(start) for start, end in spans for one in search.search(power[start:end], pilots)]
    best = max(one.z for one in coarse)
    found = [
        followed(power, one, pilots[one.hop], rows=spans[0][1] - spans[0][0])
        for one in distinct(coarse, kept=followed_ones)
        if one.z >= HOPELESS * best
    ]
    likely = [one for rank, one in enumerate(distinct(found, kept=kept)) if rank == 0 or one.z >= FAINTEST]
    settled_ones = [settled(power, one, pilots[one.hop]) for one in likely]
    heard = []
    for rank, (one, frames) in enumerate(sorted(settled_ones, key=lambda pair: -pair[0].z)):
        epoch, hop = names[one.hop // HOPS], one.hop % HOPS
        part = _holding(frames, pilots[one.hop]) if rank < TRIMMED else None
        readings = [frames] if part is None else [frames, part]
        layout = epochs[epoch].layouts[hop]
        heard += [Heard(epoch, replace(one, hop=hop), _lead(one), read(one_of, layout)) for one_of in readings]
    return heard


def name(heard: list[Heard], book: CodeBook) -> Named | None:
    """The clip of the book with the strongest evidence, however weak; None where no code uses a heard hop."""
    found = []
    for rank, one in enumerate(heard):
        for match in book.matched(one.soft, hop=one.alignment.hop, kept=1):
            tried = FRAMES * len(book.places[one.alignment.hop]) / share(rank, of=len(heard))
            found.append(Named(match, one.alignment, scoring.log10_p(match.z, tried=tried)))
    return min(found, key=lambda named: (named.log10_p, -named.match.z), default=None)


def read_short_id(heard: list[Heard], pilots: PilotKeys) -> BlindReading | None:
    """The most likely short id whose checksum holds; a hint where to look, to be confirmed by the clip's whole code."""
    found = []
    for rank, one in enumerate(heard):
        soft = one.soft[:, : short_id.SYMBOLS].astype(np.float64)
        soft /= np.maximum(np.linalg.norm(soft, axis=1, keepdims=True), 1e-12)
        word = pilots.short_code.decoded(soft)
        if word is not None:
            tried = FRAMES * (1 << short_id.ID_BITS) / share(rank, of=len(heard))
            found.append(BlindReading(word.short_id, word.likeness, scoring.log10_p(word.likeness, tried=tried)))
    return min(found, key=lambda reading: (reading.log10_p, -reading.z), default=None)


def share(rank: int, *, of: int) -> float:
    """The share of the false rate that what was heard at this rank, of so many, may use up."""
    return 1.0 if of == 1 else FIRST_SHARE if rank == 0 else (1 - FIRST_SHARE) / (of - 1)


def _lead(alignment: search.Alignment) -> int:
    first = int(np.ceil(-alignment.centre / (ROWS_PER_CHIP * alignment.scale)))
    return round(alignment.position + first) % CHIPS - first


def _holding(frames: Real, pilot: Signs) -> Real | None:
    """The frames with everything silenced where the pilot does not seem to be; None where that is little.

    Chosen by the pilot alone, so that random clip codes score as they would anywhere.
    """
    pieces = frames.reshape(-1, PIECE, BANDS)
    signs = np.tile(pilot.reshape(-1, PIECE, BANDS), (len(frames), 1, 1))
    agreement = np.einsum("ptb,ptb->p", pieces, signs, dtype=np.float64)
    start, end = liveliest(agreement, np.einsum("ptb,ptb->p", pieces**2, signs != 0, dtype=np.float64))
    if end - start >= NEARLY_ALL * len(pieces) or (end - start) * PIECE < CHIPS / 2:
        return None
    held = np.zeros_like(pieces)
    held[start:end] = pieces[start:end]
    return held.reshape(frames.shape)


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
