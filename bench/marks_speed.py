"""Speed of the keyed mark in one run: embedding, the full blind search, the comparison with 10^6 codes, and rivals.

Times are of the wall clock with two threads; ways alternate in every round. AudioSeal's detector has its published
architecture and weights that were never trained: it costs the same and hears nothing. Run with
`python -m bench.marks_speed`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
os.environ["NO_TORCH_COMPILE"] = "1"
django.setup()

import numpy as np  # noqa: E402 -- Django must be configured first
import torch  # noqa: E402 -- likewise

from bench.figures import Figure, report  # noqa: E402 -- likewise
from synth_adapter.waveform import Waveform  # noqa: E402 -- likewise
from watermark.backends.perth import Perth  # noqa: E402 -- likewise
from watermark.keyed import detection  # noqa: E402 -- likewise
from watermark.keyed.codes import ClipKeys, PilotKeys  # noqa: E402 -- likewise
from watermark.keyed.embedding import embed  # noqa: E402 -- likewise
from watermark.keyed.grid import CODE_CELLS, HOPS  # noqa: E402 -- likewise
from watermark.keyed.library import Library, Shelf  # noqa: E402 -- likewise
from watermark.keyed.matching import CodeBook  # noqa: E402 -- likewise
from watermark.testifying import examine, screen  # noqa: E402 -- likewise

ROOT = Path(__file__).resolve().parent.parent
RATE, THREADS, ROUNDS, WARM = 16_000, 2, 7, 1
LENGTHS = (3.0, 10.0, 60.0)
"""Seconds: where the whole sound is searched, and where windows of it are."""
LONG_SECONDS = 600.0
CODES = 1_000_000
SEARCH_GOAL, BOUND_GOAL = 30.0, 1.3


def figures() -> list[Figure]:
    """Every figure."""
    torch.set_num_threads(THREADS)
    pilots = PilotKeys(b"pilot secret of the benchmark")
    keys = ClipKeys(b"clip secret of the benchmark!", pilots=pilots)
    pattern = keys.pattern(b"clip", content=bytes(32))
    pilots.pilots  # noqa: B018 -- derived once, before any clock runs
    found: list[Figure] = []
    perth, audioseal = Perth(), _audioseal()
    for seconds in LENGTHS:
        sound = speech_like(seconds)
        marked = embed(sound, pattern)
        taken = _taken(
            {
                "embed": lambda sound=sound: embed(sound, pattern),
                "search": lambda marked=marked: detection.hear(marked, pilots),
                "Perth": lambda marked=marked: perth.detect(marked),
                "AudioSeal": lambda marked=marked: audioseal(marked),
            }
        )
        found += [
            _of(f"keyed mark: embed, {seconds:g} s", [seconds / t for t in taken["embed"]], unit="times real time"),
            _of(
                f"keyed mark: full blind search, {seconds:g} s",
                [seconds / t for t in taken["search"]],
                unit="times real time",
                goal=SEARCH_GOAL,
            ),
        ]
        for rival in ("Perth", "AudioSeal"):
            detector = f"{rival}'s detector" + (" (untrained weights)" if rival == "AudioSeal" else "")
            found.append(_of(f"{detector}, {seconds:g} s", [seconds / t for t in taken[rival]], unit="times real time"))
            ratios = [other / ours for other, ours in zip(taken[rival], taken["search"], strict=True)]
            found.append(_of(f"{detector} / full blind search, time, {seconds:g} s", ratios, unit="ratio"))
    heard = detection.hear(embed(speech_like(LENGTHS[0]), pattern), pilots)
    return [*found, *examination(keys), *matching(heard)]


def examination(keys: ClipKeys) -> list[Figure]:
    """Ten minutes examined as a whole, and screened, against one clip; unmarked, so that nothing ends early."""
    clip = UUID(int=1)
    shelf = Shelf(UUID(int=2), 0, (clip,), CodeBook.of(keys, [(clip.bytes, bytes(32))]), keys)
    library = Library({0: keys.pilots}, (shelf,), lambda _organisation, _clip: None)
    sound = speech_like(LONG_SECONDS)
    found = []
    for name, way in (("examination", examine), ("screening", screen)):
        started = time.perf_counter()
        way(sound, library=library, markers=())
        rate = LONG_SECONDS / (time.perf_counter() - started)
        title = f"keyed mark: {name} of {LONG_SECONDS:g} s, nothing in it"
        found.append(Figure(title, rate, "times real time", SEARCH_GOAL, "at least", 1, (rate, rate)))
    return found


def matching(heard: list[detection.Heard]) -> list[Figure]:
    """Comparing with 10^6 codes: as a query does it, one hop of all, and against reading the same bytes."""
    draw = np.random.default_rng(0)
    packed = draw.integers(0, 256, (CODES, CODE_CELLS // 8), dtype=np.uint8)
    book = CodeBook(packed, draw.integers(0, HOPS, CODES).astype(np.uint8))
    hops = [one.alignment.hop for one in heard]
    size = sum(len(book.places[hop]) for hop in hops) * CODE_CELLS // 8
    parts = torch.ones(size // 8, dtype=torch.int64).chunk(THREADS)
    with ThreadPoolExecutor(THREADS) as executor:
        taken = _taken(
            {
                "match": lambda: detection.name(heard, book),
                "read": lambda: list(executor.map(torch.sum, parts)),
            }
        )
    ratios = [ours / bound for ours, bound in zip(taken["match"], taken["read"], strict=True)]
    rates = [size / seconds / 1e9 for seconds in taken["read"]]
    return [
        _of(
            f"one query among {CODES:,} codes, {len(heard)} alignments", [1_000 * t for t in taken["match"]], unit="ms"
        ),
        _of("reading the bytes of its codes", rates, unit="GB/s"),
        _of("one query / reading the bytes of its codes", ratios, unit="ratio", goal=BOUND_GOAL, direction="at most"),
    ]


def speech_like(seconds: float) -> Waveform:
    """Sound that costs what speech does: harmonics of a moving pitch in syllables, and some noise."""
    times = np.arange(round(seconds * RATE)) / RATE
    turns = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * times)) / RATE
    voice = sum(np.sin(k * turns) / k for k in range(1, 30))
    noise = np.random.default_rng(0).standard_normal(len(times))
    return Waveform((0.1 * voice * np.abs(np.sin(2 * np.pi * 2.1 * times)) + 0.003 * noise).astype(np.float32), RATE)


def _audioseal() -> Callable[[Waveform], object]:
    """The detector as the package builds it from its card."""
    from audioseal import builder, loader  # noqa: PLC0415 -- reads NO_TORCH_COMPILE while it is imported

    torch.manual_seed(11)
    card = dict(loader.load_local_model_config("audioseal_detector_16bits"))
    card.pop("checkpoint")
    config = loader.AudioSeal.parse_config(card, config_type=builder.AudioSealDetectorConfig, nbits=16)
    network = builder.create_detector(config).eval()

    def detect(sound: Waveform) -> object:
        with torch.inference_mode():
            return network.detect_watermark(torch.from_numpy(sound.samples)[None, None], sample_rate=RATE)

    return detect


def _taken(ways: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of every way in every round, in turn; the first rounds do not count."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(WARM + ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - started)
    return {name: values[WARM:] for name, values in taken.items()}


def _of(name: str, values: list[float], *, unit: str, goal: float | None = None, direction: str = "at least") -> Figure:
    """The median with its 95 % interval (bootstrap, 2,000 resamples, fixed seed)."""
    draws = np.median(np.random.default_rng(0).choice(values, size=(2_000, len(values))), axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(name, median(values), unit, goal, direction, len(values), (float(low), float(high)))


def main() -> int:
    """Measure, print, write."""
    report(figures(), title="The keyed mark: speed", destination=ROOT / "bench" / "marks.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
