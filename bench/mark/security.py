"""Attempts to forge, to move, to dilute and to remove the keyed mark, by somebody without the secrets: success rates.

Attackers are given more than they would have: the source code, the exact beginning of every clip, and, where they learn
from many clips, clips of one pilot in step with each other.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.progress import track

from bench.figures import of_proportion
from bench.mark import attackers, borrowed, material, system, trials
from bench.mark.system import KeyedSystem
from safety.backends.dnsmos import Dnsmos
from synth_adapter.waveform import Waveform
from watermark.keyed import scoring
from watermark.keyed.detection import share
from watermark.keyed.grid import BANDS, FRAMES, HOPS, PERIOD
from watermark.protocol import PROTOCOL

RATE = 16_000
LEARNT_FROM = (5, 20, 60)
MIXED = (2, 5, 20)
FALSE_RATE = -6.0
Clip = tuple[str, Waveform]


def measured(count: int, *, seconds: float) -> dict[str, Any]:
    """All attempts on so many clips; kept in the cache."""
    path = trials.FOLDER / f"keyed-{system.revision()}" / f"security-{count}-{seconds:g}.json"
    if path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    ours = KeyedSystem()
    clips = [(place.name, place.read()) for place in material.held_out(count, seconds=seconds)]
    others = [(place.name, place.read()) for place in material.held_out(count + max(LEARNT_FROM), seconds=seconds)]
    rows = [*forged(ours, clips), *moved(ours, clips), *mixed(ours, clips), *removed(ours, clips, others[count:])]
    found = {"clips": len(clips), "seconds": seconds, "rows": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    return found


def forged(ours: KeyedSystem, clips: list[Clip]) -> list[dict[str, str]]:
    """Writing a mark without the secrets: with neither, and with the platform's pilots alone."""
    rows = []
    for attempt, secrets in (
        ("a mark under secrets of one's own", system.OTHER_SECRETS),
        ("a mark under our pilots, betrayed, and a clip secret of one's own", (system.SECRETS[0], system.NEIGHBOUR)),
    ):
        forger = KeyedSystem(secrets=secrets)
        named = sum(_anybody(ours, forger.mark(clip, name)) for name, clip in track(clips, description="forging"))
        rows.append(_row(attempt, "any of 10^6 registered clips named at 1e-6", named, len(clips)))
    return rows


def moved(ours: KeyedSystem, clips: list[Clip]) -> list[dict[str, str]]:
    """Signs read from a marked clip, written into another sound."""
    honest: list[float] = []
    copied: list[float] = []
    for (name, clip), (_, other) in track(
        list(zip(clips, clips[1:] + clips[:1], strict=True)), description="moving marks"
    ):
        marked = ours.mark(clip, name)
        signs = attackers.pattern_of(attackers.cells_of(marked))
        for sound, values in ((marked, honest), (attackers.written(other, signs, strength=1.0), copied)):
            found = ours.evidence(ours.hear(sound), name)
            if found is not None and found.log10_p <= FALSE_RATE:
                values.append(ours.likeness(sound, found, name))
    told = f"content agrees {min(honest):.2f} to {max(honest):.2f} in honest clips"
    if copied:
        told += f", {min(copied):.2f} to {max(copied):.2f} in copies"
    return [
        _row("signs of a marked clip copied onto other speech", "its code found at 1e-6", len(copied), len(clips)),
        _row(
            "the same, with the content compared",
            f"content not said to be other; {told}",
            sum(value > PROTOCOL.content_other for value in copied),
            len(clips),
        ),
    ]


def mixed(ours: KeyedSystem, clips: list[Clip]) -> list[dict[str, str]]:
    """The mean of several marked copies of one clip, each with its own code."""
    rows = []
    for copies in MIXED:
        anyone = everyone = 0
        for name, clip in track(clips, description=f"averaging {copies}"):
            names = [f"{name} copy {number}" for number in range(copies)]
            sound = Waveform(np.mean([ours.mark(clip, one).samples for one in names], axis=0), clip.rate)
            heard = ours.hear(sound)
            found = [(e := ours.evidence(heard, one)) is not None and e.log10_p <= FALSE_RATE for one in names]
            anyone += any(found)
            everyone += all(found)
        rows.append(
            _row(
                f"average of {copies} marked copies of one clip",
                "none is found at 1e-6",
                len(clips) - anyone,
                len(clips),
            )
        )
        rows.append(_row(f"average of {copies} marked copies", "every one of them is found", everyone, len(clips)))
    return rows


def removed(ours: KeyedSystem, clips: list[Clip], teachers: list[Clip]) -> list[dict[str, str]]:
    """Writing against what was read, learnt, or at random, at rising strength; with what it costs in quality."""
    rows = []
    learnt = {number: _learnt_pilot(ours, teachers[:number]) for number in LEARNT_FROM}
    for number, (_, right) in learnt.items():
        read = {"attempt": f"the pilot read from {number} clips in step", "counted": "signs right"}
        rows.append(read | {"result": f"{100 * right:.1f} %"})
    ways: dict[str, Callable[[str, Waveform, Waveform], Waveform]] = {}
    for strength in (0.5, 1.0, 1.5):
        ways[f"every cell pushed against what is read there, strength {strength:g}"] = lambda _n, _c, m, s=strength: (
            attackers.written(m, -attackers.pattern_of(attackers.cells_of(m)), strength=s)
        )
    for strength in (1.0, 2.0):
        ways[f"its own frames folded and written inversely, strength {strength:g}"] = lambda _n, _c, m, s=strength: (
            attackers.written(m, -_own_fold(m), strength=s)
        )
    for number, (estimate, _) in learnt.items():
        ways[f"the pilot of {number} clips written inversely"] = lambda n, _c, m, e=estimate: attackers.written(
            m, -attackers.tiled(e, start=ours.code(n).start), strength=1.0
        )
    for strength in (1.0, 2.0):
        ways[f"random signs written over it, strength {strength:g}"] = lambda n, _c, m, s=strength: attackers.written(
            m, _random_signs(n), strength=s
        )
    for attempt, way in ways.items():
        rows += _survivors(ours, clips, attempt, way)
    return rows


def _survivors(
    ours: KeyedSystem, clips: list[Clip], attempt: str, way: Callable[[str, Waveform, Waveform], Waveform]
) -> list[dict[str, str]]:
    gone, lost, cost, pesq = 0, 0, [], []
    rater = Dnsmos()
    hopped = "pilot of" in attempt
    for number, (name, clip) in enumerate(track(clips, description=attempt)):
        called = _in_hop(ours, name, clip) if hopped else name
        marked = ours.mark(clip, called)
        sound = way(called, clip, marked)
        found = ours.evidence(ours.hear(sound), called)
        hidden = found is None or found.log10_p > FALSE_RATE
        gone += hidden
        lost += hidden and ours.claimed(sound, called) > FALSE_RATE
        before, after = clip.resampled(RATE), sound.resampled(RATE)
        if number < 12:  # noqa: PLR2004 -- enough for a mean
            cost.append(rater.rate(after).overall - rater.rate(before).overall)
            if borrowed.there("pesq"):
                pesq.append(
                    borrowed.module("pesq").pesq(RATE, before.samples, after.samples[: len(before.samples)], "wb")
                )
    told = f"not found at 1e-6; DNSMOS {np.mean(cost):+.2f} from the unmarked clip"
    told += f", PESQ {np.mean(pesq):.2f}" if pesq else ""
    nor = "not found even where it is claimed and looked for by its own code"
    return [_row(attempt, told, gone, len(clips)), _row(attempt, nor, lost, len(clips))]


def _learnt_pilot(ours: KeyedSystem, teachers: list[Clip]) -> tuple[np.ndarray, float]:
    """The signs of hop 0 that this many clips of it betray, and the share of its pilot that is right."""
    names = [_in_hop(ours, name, clip) for name, clip in teachers]
    cells = [attackers.cells_of(ours.mark(clip, name)) for name, (_, clip) in zip(names, teachers, strict=True)]
    starts = [ours.code(name).start for name in names]
    signs = np.sign(attackers.folded(cells, starts)).astype(np.int8)
    pilot = ours.pilots.layouts[0].pilot
    return signs, float(np.mean(signs[pilot != 0] == pilot[pilot != 0]))


def _in_hop(ours: KeyedSystem, name: str, clip: Waveform) -> str:
    """A name for the clip whose code uses the first pilot."""
    ours.register(clip, name)
    for number in itertools.count():
        called = f"{name}/{number}"
        ours.fingerprints[called] = ours.fingerprints[name]
        if ours.code(called).hop == 0:
            return called
    raise AssertionError


def _own_fold(marked: Waveform) -> np.ndarray:
    signs = np.sign(attackers.folded([attackers.cells_of(marked)], [0])).astype(np.int8)
    return attackers.tiled(signs, start=0)


def _random_signs(name: str) -> np.ndarray:
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    return (2 * draw.integers(0, 2, (PERIOD, BANDS)) - 1).astype(np.int8)


def _anybody(ours: KeyedSystem, sound: Waveform) -> bool:
    """Whether any of 10^6 registered clips would be named."""
    heard = ours.hear(sound)
    draw = np.random.default_rng(1)
    for rank, one in enumerate(heard):
        book = system.random_book(draw, system.LARGE // HOPS, hop=one.alignment.hop)
        z = book.matched(one.soft, hop=one.alignment.hop, kept=1)[0].z
        if scoring.log10_p(z, tried=FRAMES * system.LARGE / share(rank, of=len(heard))) <= FALSE_RATE:
            return True
    return False


def _row(attempt: str, counted: str, hits: int, total: int) -> dict[str, str]:
    low, high = of_proportion("", hits, total, goal=None, direction="").interval
    return {
        "attempt": attempt,
        "counted": counted,
        "result": f"{hits} of {total} ({100 * low:.0f} to {100 * high:.0f} %)",
    }
