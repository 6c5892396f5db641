"""Our own mark: each clip's own code in the log-magnitudes of its speech, named among all registered clips."""

from __future__ import annotations

import functools
import hashlib
from math import log10
from typing import Literal

from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.keyed import definition, embedding, features, grid, scoring, short_id
from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.detection import LEAST_SECONDS, hear, name
from watermark.keyed.library import Library
from watermark.keyed.matching import CodeBook, read
from watermark.keyed.refining import settled
from watermark.keyed.search import Alignment
from watermark.ports import ClipMark, MarkerIdentity, Reading
from watermark.protocol import PROTOCOL
from watermark.register import library
from watermark.testifying import opened

NAME = "keyed-mark"
MARKED_FROM = -log10(PROTOCOL.false_name_rate)
"""Minus log10 of the family-wise chance that any code fits as well by accident: one in a million."""
NOT_MARKED_BELOW = -log10(PROTOCOL.inconclusive_rate)
DECOYS, WAYS = 255, 2
"""Other codes of the same secret that a clip's own must beat when it is read back; and ways to look for it."""


class Keyed:
    """Writes and finds the codes of `watermark.keyed`; a score is how unlikely an accident is, as minus log10.

    `detect` compares with every clip on the register, whoever's it is, and its payload is the clip's identifier: for
    the record, not for the public. "Not marked" means that no code was heard, never that none was put there. From 2 s
    a mark is found after what copies go through; between 1 and 2 s a clip is marked if it can be read back.
    """

    capacity_bits = short_id.ID_BITS

    def __init__(self) -> None:
        self.identity = MarkerIdentity(name=NAME, sha256=definition.sha256())

    def embed(self, waveform: Waveform, *, mark: ClipMark) -> Waveform:
        """The same sound, marked; raises `MarkError` for silence, below one second, and outside 8 to 48 kHz."""
        if not _audible(waveform):
            raise MarkError(f"Only audible sound of at least {LEAST_SECONDS} s can be marked.")
        return embedding.embed(waveform, _keys(mark).pattern(mark.clip_id.bytes, content=mark.content))

    def verify(self, waveform: Waveform, *, mark: ClipMark) -> Reading:
        """Whether the code of this very clip fits best of 256, at a chance of one in a million or less.

        It is read where it was written, and searched for only where it is not there (a copy that was cut, say).
        """
        if not _audible(waveform):
            return _reading("inconclusive", 0.0)
        keys = _keys(mark)
        decoys = [hashlib.sha256(mark.clip_id.bytes + bytes([n])).digest()[:16] for n in range(DECOYS)]
        book = CodeBook.of(keys, [(clip, mark.content) for clip in (mark.clip_id.bytes, *decoys)])
        score = max(0.0, _where_it_was_written(waveform, keys, book, mark) - log10(WAYS))
        if score < MARKED_FROM:
            found = name(hear(waveform, keys.pilots), book)
            own = found is not None and found.match.place == 0
            score = max(0.0, -found.log10_p - log10(WAYS)) if found and own else 0.0
        return _judged(score, payload=mark.clip_id.bytes)

    def detect(self, waveform: Waveform) -> Reading:
        """Whether the code of any registered clip is in the sound; silence and less than a second are inconclusive."""
        if not _audible(waveform):
            return _reading("inconclusive", 0.0)
        score, payload = _best(waveform, library())
        return _judged(score, payload=payload)


def _where_it_was_written(waveform: Waveform, keys: ClipKeys, book: CodeBook, mark: ClipMark) -> float:
    """The score of the book's first code at the place, speed and pitch it was written with; 0 if another fits best."""
    code = keys.clip_code(mark.clip_id.bytes, content=mark.content)
    layout = keys.pilots.layouts[code.hop]
    first_chip = (grid.CHIP_SECONDS / 2 - features.WINDOW / features.RATE / 2) / features.ROW_SECONDS
    written = Alignment(scale=1.0, pitch=1.0, centre=first_chip, position=code.start % grid.CHIPS, hop=code.hop, z=0.0)
    _, frames = settled(features.powers(waveform), written, layout.pilot)
    best = book.matched(read(frames, layout), hop=code.hop, kept=1)[0]
    tried = grid.FRAMES * len(book.places[code.hop])
    return -scoring.log10_p(best.z, tried=tried) if best.place == 0 else 0.0


def _best(waveform: Waveform, known: Library) -> tuple[float, bytes]:
    """Score and clip of the code that fits best, everything tried accounted for; ends at the first evidence."""
    scan = opened(waveform, known)
    scan.first_evidence()
    if scan.best is None:
        return 0.0, b""
    return max(0.0, -scan.log10_p(scan.best)), scan.best.shelf.clips[scan.best.match.place].bytes


@functools.lru_cache(maxsize=8)
def _pilots(secret: bytes) -> PilotKeys:
    return PilotKeys(secret)


def _keys(mark: ClipMark) -> ClipKeys:
    return ClipKeys(mark.clip_secret, pilots=_pilots(mark.pilot_secret))


def _audible(waveform: Waveform) -> bool:
    return waveform.seconds >= LEAST_SECONDS and bool(waveform.samples.any())


def _judged(score: float, *, payload: bytes) -> Reading:
    if score >= MARKED_FROM:
        return _reading("marked", score, payload)
    return _reading("not_marked" if score < NOT_MARKED_BELOW else "inconclusive", score)


def _reading(outcome: Literal["marked", "not_marked", "inconclusive"], score: float, payload: bytes = b"") -> Reading:
    return Reading(NAME, outcome, round(score, 3), MARKED_FROM, payload)
