"""Whether two organisations' references of one person can be linked, before and after the secret rotation.

Twenty speakers of the corpus, each enrolled with one organisation from the first half of their speech and with another
from the second: the same session, which is the linker's best case. D_sys is the global measure of linkability after
Gomez-Barrero et al. (2018, "General framework to evaluate unlinkability in biometric template protection systems"):
0 says that a score tells nothing about whether two references are one person's, 1 that it tells everything. A linker
who knows pairs of references of as many people as a reference has dimensions (192) can work the rotation out.
Run with `python -m bench.linkability`; under two minutes the first time, seconds after that.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections import defaultdict
from pathlib import Path

import django
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

from rich.progress import track  # noqa: E402 -- Django must be configured first

from bench.figures import Figure, of_proportion, report  # noqa: E402 -- likewise
from safety.registry import speaker_encoder  # noqa: E402 -- likewise
from safety.rotation import orthogonal  # noqa: E402 -- likewise
from synth_adapter.decoding import decode  # noqa: E402 -- likewise

ROOT = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("VIVAVOCE_CORPUS", ROOT.parent / "shared" / "corpus"))
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vivavoce" / "evaluation"
SPEAKERS, LEAST_SECONDS, PAIRS, BINS = 20, 8.0, 50, 24


def references() -> NDArray[np.float64]:
    """Unit vectors of shape (speakers, 2, dimensions): what either organisation enrolled."""
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "bonafide" and row["source"].startswith("libri")]
    longest: dict[str, tuple[float, str]] = defaultdict(lambda: (0.0, ""))
    for row in rows:
        longest[row["speaker"]] = max(longest[row["speaker"]], (float(row["seconds"]), row["path"]))
    chosen = [path for _, (seconds, path) in sorted(longest.items()) if seconds >= LEAST_SECONDS][:SPEAKERS]
    encoder = speaker_encoder()
    kept = CACHE / f"linkability-{hashlib.sha256(f'{encoder.model}{chosen}'.encode()).hexdigest()[:16]}.npy"
    if not kept.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        np.save(kept, np.array([_halves(CORPUS / path) for path in track(chosen, description="listening")]))
    return np.asarray(np.load(kept), dtype=np.float64)


def _halves(path: Path) -> list[NDArray[np.float32]]:
    sound = decode(path.read_bytes()).waveform
    middle = sound.seconds / 2
    return [speaker_encoder().embed(sound.cut(start, start + middle)) for start in (0.0, middle)]


def linkability(mated: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """D_sys of two sets of scores, by histogram, for a linker who has no prior belief (omega = 1)."""
    edges = np.linspace(-1.0, 1.0, BINS + 1)
    same = np.histogram(mated, edges)[0] / len(mated)
    different = np.histogram(others, edges)[0] / len(others)
    ratio = np.divide(same, different, out=np.full(BINS, np.inf), where=different > 0)
    local = np.where(ratio > 1, np.where(np.isinf(ratio), 1.0, 2 * ratio / (1 + ratio) - 1), 0.0)
    return float((same * np.nan_to_num(local, nan=0.0)).sum())


def scores(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The scores of one person's references across two organisations, and those of different people's."""
    every = first @ second.T
    return np.diag(every).copy(), every[~np.eye(len(every), dtype=bool)]


def measured() -> list[Figure]:
    """The figures: linkability and rank-1 linking with and without the rotation, and what it does to scores."""
    found = references()
    first, second = found[:, 0], found[:, 1]
    people, dimensions = first.shape
    mated, others = scores(first, second)
    plain_hits = int((np.argmax(first @ second.T, axis=1) == np.arange(people)).sum())
    linked, unlinked, hits, error = [], [], 0, 0.0
    for pair in range(PAIRS):
        ours, theirs = (orthogonal(_seed(pair, side), dimensions=dimensions) for side in (0, 1))
        turned = first @ ours.T
        same, different = scores(turned, second @ theirs.T)
        linked.append(same)
        unlinked.append(different)
        hits += int((np.argmax(turned @ (second @ theirs.T).T, axis=1) == np.arange(people)).sum())
        kept = turned.astype(np.float32) @ (second @ ours.T).astype(np.float32).T
        error = max(error, float(np.abs(kept - first @ second.T).max()))
    after = linkability(np.concatenate(linked), np.concatenate(unlinked))
    rank = "right person ranked first across organisations"
    return [
        _figure("linkability D_sys, references as the encoder made them", linkability(mated, others), people, None),
        _figure("linkability D_sys, rotated references", after, people * PAIRS, 0.05),
        of_proportion(f"{rank}, plain", plain_hits, people, goal=None, direction="at most"),
        of_proportion(f"{rank}, rotated", hits, people * PAIRS, goal=2 / people, direction="at most"),
        _figure("largest change of a score by the rotation", error, people * people * PAIRS, 1e-6),
    ]


def _seed(pair: int, side: int) -> bytes:
    return hashlib.sha256(f"organisation {pair}.{side}".encode()).digest()


def _figure(name: str, value: float, size: int, goal: float | None) -> Figure:
    return Figure(name, value, "", goal, "at most", size, (value, value))


if __name__ == "__main__":
    report(measured(), title="Linkability across organisations", destination=CACHE / "linkability.json")
