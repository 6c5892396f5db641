"""Per attack: scores of the marked clips, how many are found and named; per strength: what quality it costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.mark.attacks import ATTACKS, RATE
from synth_adapter.waveform import Waveform
from watermark.keyed.codes import EpochKeys
from watermark.keyed.detection import Heard, hear, name, read_short_id
from watermark.keyed.embedding import embed
from watermark.keyed.grid import CODE_CELLS, HOPS
from watermark.keyed.matching import CodeBook

FALSE_RATE = 1e-6
SMALL, LARGE = 10_000, 1_000_000
READ = -3.0
"""log10 of the chance up to which a short id counts as read."""
BEYOND_CHANCE = 9.0
"""No code of 10^6 scores as high by accident (1e-13): the large comparison is left out above it."""


@dataclass(frozen=True)
class Found:
    """One attacked clip: scores of pilot and right code, evidence among 10^6, ranks, short id, times real time."""

    pilot: float
    code: float
    detected: bool
    first_of_small: bool
    first_of_large: bool
    short_id: bool
    speed: float


def attacked(
    clips: Sequence[tuple[str, Waveform]], keys: EpochKeys, *, attacks: Sequence[str], strength: float
) -> dict[str, list[Found]]:
    """What is found in every clip after every attack."""
    found: dict[str, list[Found]] = {attack: [] for attack in attacks}
    for label, clip in clips:
        samples = embed(clip, keys.pattern(label.encode()), strength=strength).samples.astype(np.float64)
        for attack in attacks:
            sound = Waveform(ATTACKS[attack](samples).astype(np.float32), RATE)
            found[attack].append(_found(sound, keys, label.encode()))
    return found


def _found(sound: Waveform, keys: EpochKeys, clip: bytes) -> Found:
    start = time.process_time()
    heard = hear(sound, keys)
    speed = sound.seconds / (time.process_time() - start)
    named = name(heard, CodeBook.of(keys, [clip]))
    code = named.match.z if named else 0.0
    evidence = named.log10_p + np.log10(LARGE / HOPS) if named else 0.0
    small = code > _best_wrong(heard, SMALL)
    large = small and (code > BEYOND_CHANCE or code > _best_wrong(heard, LARGE))
    reading = read_short_id(heard, keys)
    return Found(
        pilot=max(one.alignment.z for one in heard),
        code=code,
        detected=bool(evidence <= np.log10(FALSE_RATE)),
        first_of_small=small,
        first_of_large=large,
        short_id=reading is not None and reading.short_id == keys.short_id(clip) and reading.log10_p < READ,
        speed=speed,
    )


def _best_wrong(heard: list[Heard], codes: int) -> float:
    """The best score of so many codes drawn at random, of which each hop has its share."""
    draw = np.random.default_rng(codes)
    share = codes // HOPS
    best = 0.0
    for one in heard:
        hops = np.full(share, one.alignment.hop, np.uint8)
        book = CodeBook(draw.integers(0, 256, (share, CODE_CELLS // 8), dtype=np.uint8), hops)
        best = max(best, book.matched(one.soft, hop=one.alignment.hop, kept=1)[0].z)
    return best
