"""The keyed mark as the evaluation uses it: the one place that touches its interfaces and the evaluation's secrets."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

import watermark.keyed
from synth_adapter.waveform import Waveform
from watermark.keyed import detection, fingerprint, scoring
from watermark.keyed.claimed import Asked, sought
from watermark.keyed.codes import ClipCode, ClipKeys, PilotKeys
from watermark.keyed.detection import Heard
from watermark.keyed.embedding import embed
from watermark.keyed.features import powers
from watermark.keyed.grid import CHIPS, CODE_CELLS, HOPS
from watermark.keyed.library import Shelf
from watermark.keyed.matching import CodeBook
from watermark.keyed.scanning import PILOT_SHARE

SECRETS = (b"pilot secret of the evaluation", b"clip secret of the evaluation!")
OTHER_SECRETS = (b"pilot secret of somebody else!", b"clip secret of somebody else!!")
NEIGHBOUR = b"clip secret of a neighbour here"
SMALL, LARGE = 10_000, 1_000_000
BEYOND_CHANCE = 9.0
"""No code of 10^6 scores as high by accident (1e-11 in all): the large comparison is left out above it."""
OF_LONG_SOUNDS = {
    "__init__",
    "ahead",
    "claimed",
    "definition",
    "library",
    "seeking",
    "scanning",
    "windows",
    "placing",
    "calibration",
}
"""Modules that clips as short as these do not need."""
READ = -3.0
"""log10 of the chance up to which a short id counts as read."""


def revision() -> str:
    """A digest of the source that marks, hears and matches: results of another one are never mixed with these."""
    folder = Path(watermark.keyed.__file__).parent
    paths = [path for path in sorted(folder.glob("*.py")) if path.stem not in OF_LONG_SOUNDS]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


@dataclass(frozen=True)
class Evidence:
    """How well a clip's own code fits: score, log10 of the family-wise chance among 10^6, the alignment it fits at."""

    z: float
    log10_p: float
    heard: Heard
    frame: int


class KeyedSystem:
    """Marks at the shipped strength under one pair of secrets; its registry is every name it is asked about.

    A sound of up to twelve seconds is one window of an examination: what is heard here is what it would hear.
    """

    name = "keyed"

    def __init__(self, *, secrets: tuple[bytes, bytes] = SECRETS) -> None:
        self.pilots = PilotKeys(secrets[0])
        self.keys = ClipKeys(secrets[1], pilots=self.pilots)
        self.fingerprints: dict[str, bytes] = {}

    def register(self, clip: Waveform, name: str) -> bytes:
        """The content digest of a clip, which `name` stands for from now on."""
        if name not in self.fingerprints:
            self.fingerprints[name] = fingerprint.of(clip)
        return fingerprint.digest(self.fingerprints[name])

    def code(self, name: str) -> ClipCode:
        """The code of a registered name."""
        return self.keys.clip_code(name.encode(), content=fingerprint.digest(self.fingerprints[name]))

    def mark(self, clip: Waveform, name: str) -> Waveform:
        """The clip with the code of `name`."""
        pattern = self.keys.pattern(name.encode(), content=self.register(clip, name))
        return embed(clip, pattern)

    def hear(self, sound: Waveform) -> list[Heard]:
        return detection.hear(sound, self.pilots)

    def evidence(self, heard: list[Heard], name: str, *, registered: int = LARGE) -> Evidence | None:
        """For the code of a registered name; None where nothing was heard in its hop."""
        content = fingerprint.digest(self.fingerprints[name])
        found = detection.name(heard, CodeBook.of(self.keys, [(name.encode(), content)]))
        if found is None:
            return None
        there = next(one for one in heard if one.alignment is found.alignment)
        others = float(np.log10(max(1.0, registered / HOPS)))
        return Evidence(found.match.z, min(0.0, found.log10_p + others), there, found.match.frame)

    def claimed(self, sound: Waveform, name: str, *, every_line: bool = True) -> float:
        """log10 of the family-wise chance of the code of a registered name, looked for without its pilot."""
        content = fingerprint.digest(self.fingerprints[name])
        book = CodeBook.of(self.keys, [(name.encode(), content)])
        asked = [Asked.at(Shelf(UUID(int=0), 1, (UUID(int=1),), book, self.keys), 0)]
        found = sought(powers(sound), asked, every_line=every_line, first_row=0)
        return scoring.log10_p(found.match.z, tried=found.tried / (1 - PILOT_SHARE))

    def likeness(self, sound: Waveform, found: Evidence, name: str) -> float:
        """Share of equal bits between what the clip said and what the sound says at the alignment found."""
        chip = found.frame * CHIPS + found.heard.lead - self.code(name).start
        return fingerprint.likeness(self.fingerprints[name], sound, alignment=found.heard.alignment, chip=chip)

    def examine(self, sound: Waveform, name: str) -> dict[str, Any]:
        """Everything the table needs about one attacked clip."""
        started = time.process_time()
        heard = self.hear(sound)
        spent = time.process_time() - started
        found = self.evidence(heard, name)
        z = found.z if found else 0.0
        small = z > best_of_random(heard, SMALL)
        large = small and (z > BEYOND_CHANCE or z > best_of_random(heard, LARGE))
        reading = detection.read_short_id(heard[:1], self.pilots)
        read = reading is not None and reading.log10_p < READ
        return {
            "pilot": round(max((one.alignment.z for one in heard), default=0.0), 2),
            "code": round(z, 2),
            "log10_p": round(found.log10_p, 2) if found else 0.0,
            "small": bool(small),
            "large": bool(large),
            "short_id": bool(read and reading.short_id == self.keys.short_id(name.encode())),  # type: ignore[union-attr]
            "likeness": round(self.likeness(sound, found, name), 3) if found else 0.5,
            "seconds": round(sound.seconds, 2),
            "spent": round(spent, 3),
        }


def best_of_random(heard: list[Heard], codes: int) -> float:
    """The best score of so many codes drawn at random, of which each hop has its share."""
    draw = np.random.default_rng(codes)
    share = codes // HOPS
    best = 0.0
    for one in heard:
        book = random_book(draw, share, hop=one.alignment.hop)
        best = max(best, book.matched(one.soft, hop=one.alignment.hop, kept=1)[0].z)
    return best


def random_book(draw: np.random.Generator, codes: int, *, hop: int) -> CodeBook:
    """Codes of clips that never were, all in one hop."""
    packed = draw.integers(0, 256, (codes, CODE_CELLS // 8), dtype=np.uint8)
    return CodeBook(packed, np.full(codes, hop, np.uint8))


def random_scores(one: Heard, draw: np.random.Generator, *, codes: int) -> NDArray[np.float64]:
    """Best score over frames of each of so many random codes on what was heard at one alignment, shape (codes,)."""
    unit = one.soft / np.maximum(np.linalg.norm(one.soft, axis=1, keepdims=True), 1e-12)
    signs = 1.0 - 2.0 * draw.integers(0, 2, (codes, CODE_CELLS)).astype(np.float32)
    return np.asarray((signs @ unit.T.astype(np.float32)).max(axis=1), dtype=np.float64)
