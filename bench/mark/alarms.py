"""False alarms, observed against claimed: random clip codes on what is heard in sound that does not hold them.

A trial is a window of sound, a pilot secret and a random clip. Given a window, clips are independent, as their codes
are; windows are of different sounds, but several of one recording. What is tested is the claim as a whole: the tail of
the normal distribution, the count of frames and alignments tried, and the share each alignment has.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.random import Generator
from rich.progress import track
from scipy.special import log_ndtr

from bench.figures import of_proportion
from bench.mark import attacks, material, system, trials
from bench.mark.system import KeyedSystem
from synth_adapter.waveform import Waveform
from watermark.keyed.codes import ClipKeys, unpacked
from watermark.keyed.detection import Heard, share
from watermark.keyed.grid import FRAMES, HOPS

RATE, SECONDS = 16_000, 3.0
CLAIMED = (1e-2, 1e-3, 1e-4)
KEYS = 100
PILOTS = 4
CONTENT = bytes(32)


def measured(windows: int) -> dict[str, Any]:
    """Counts for every kind of sound; what was heard before is taken from the cache."""
    path = trials.FOLDER / f"keyed-{system.revision()}" / f"alarms-{windows}.json"
    if path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    listeners = [KeyedSystem(secrets=(b"pilots of the null, number %d" % n, system.SECRETS[1])) for n in range(PILOTS)]
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * (1 + len(CLAIMED)))
    for number, (kind, sound) in enumerate(track(_sounds(windows, listeners), total=windows, description="alarms")):
        listener = listeners[number % PILOTS]
        chances = claimed_chances(listener.hear(sound), listener, number, keys=KEYS)
        for name in (kind, "all"):
            counts[name][0] += len(chances)
            for place, rate in enumerate(CLAIMED):
                counts[name][1 + place] += int(np.sum(chances <= np.log10(rate)))
    found = {"windows": windows, "keys": KEYS, "kinds": {kind: _rates(count) for kind, count in counts.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    return found


def claimed_chances(heard: list[Heard], listener: KeyedSystem, seed: int, *, keys: int) -> np.ndarray:
    """log10 of the family-wise chance that is claimed for each of so many registries of one clip per hop."""
    strangers = ClipKeys(b"stranger number %d to the null" % seed, pilots=listener.pilots)
    best = np.zeros(keys)
    for rank, one in enumerate(heard):
        names = [(b"%d %d" % (one.alignment.hop % HOPS, key), CONTENT) for key in range(keys)]
        signs = unpacked(strangers.clip_codes(names)[0]).astype(np.float32)
        unit = one.soft / np.maximum(np.linalg.norm(one.soft, axis=1, keepdims=True), 1e-12)
        scores = np.asarray((signs @ unit.T.astype(np.float32)).max(axis=1), dtype=np.float64)
        tried = FRAMES / share(rank, of=len(heard))
        best = np.minimum(best, (log_ndtr(-scores) + np.log(tried)) / np.log(10))
    return best


def _rates(count: list[int]) -> dict[str, Any]:
    rates = {}
    for place, claimed in enumerate(CLAIMED):
        found = of_proportion("", count[1 + place], count[0], goal=None, direction="at most")
        rates[f"{claimed:g}"] = {
            "alarms": count[1 + place],
            "ratio": found.value / claimed,
            "interval": [end / claimed for end in found.interval],
        }
    return {"trials": count[0], "rates": rates}


def _sounds(count: int, listeners: list[KeyedSystem]) -> Iterator[tuple[str, Waveform]]:
    """Kinds in turn: speech as it is and damaged, noises, made-up music, and speech that others have marked."""
    places = material.held_out(100_000, seconds=SECONDS)
    neighbours = [KeyedSystem(secrets=(b"pilots of the null, number %d" % n, system.NEIGHBOUR)) for n in range(PILOTS)]
    stranger = KeyedSystem(secrets=system.OTHER_SECRETS)
    kinds: dict[str, Callable[[int, Waveform, Generator], Waveform]] = {
        "unmarked speech": lambda _n, clip, _d: clip,
        "unmarked speech, opus 12k": lambda _n, clip, _d: attacks.attacked(clip, "opus 12k"),
        "unmarked speech, noise 20 dB": lambda _n, clip, _d: attacks.attacked(clip, "noise 20 dB"),
        "marked by a neighbour under our pilots": lambda n, clip, _d: neighbours[n % len(listeners)].mark(clip, f"{n}"),
        "marked under another platform's pilots": lambda n, clip, _d: stranger.mark(clip, f"{n}"),
        "noise": lambda _n, _clip, draw: coloured(draw),
        "music": lambda _n, _clip, draw: music(draw),
    }
    for number in range(count):
        kind = list(kinds)[number % len(kinds)]
        place = places[number // len(kinds) * 3 % len(places)] if "speech" in kind else places[number % len(places)]
        yield kind, kinds[kind](number, place.read(), np.random.default_rng(number))


def coloured(draw: Generator) -> Waveform:
    """White to brown noise with a level that comes and goes."""
    count = round(SECONDS * RATE)
    spectrum = np.fft.rfft(draw.standard_normal(count)) / np.maximum(np.arange(count // 2 + 1), 50) ** draw.uniform(
        0, 1
    )
    swell = np.exp(np.interp(np.arange(count), np.linspace(0, count, 24), draw.normal(0.0, 1.0, 24)))
    return _levelled(np.fft.irfft(spectrum, count) * swell)


def music(draw: Generator) -> Waveform:
    """Chords of harmonic tones with vibrato, each struck and dying away, over a beat of noise."""
    times = np.arange(round(SECONDS * RATE)) / RATE
    beat = draw.uniform(0.2, 0.5)
    out = 0.3 * draw.standard_normal(len(times)) * np.exp(-(times % beat) / 0.03)
    for start in np.arange(0.0, SECONDS, 2 * beat):
        since = np.maximum(times - start, 0.0)
        sounding = np.where(times >= start, np.exp(-since / draw.uniform(0.3, 1.0)), 0.0)
        for note in draw.integers(40, 76, 3):
            hertz = 440.0 * 2 ** ((note - 69) / 12)
            phase = 2 * np.pi * hertz * since + 0.3 * np.sin(2 * np.pi * 5.5 * since)
            out += sounding * sum(np.sin(k * phase) / k for k in range(1, 12) if k * hertz < RATE / 2)
    return _levelled(out)


def _levelled(samples: np.ndarray) -> Waveform:
    return Waveform((samples * 0.3 / max(1e-9, float(np.abs(samples).max()))).astype(np.float32), RATE)
