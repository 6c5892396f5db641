"""Open-set search against lists of ten to a million: how often strangers are stopped (FPIR), the listed missed (FNIR).

Probes are recordings of corpus speakers with whom nothing was calibrated, under every condition. A list is made of one
reference for each of them, and filled up with synthetic references drawn from a normal distribution that was fitted to
the embeddings of the calibration's speakers, all encoders together (mean and covariance, a little of it on the
diagonal). Real impostors have heavier tails than a normal distribution, and come as siblings: what is said for 10^5 and
10^6 is as good as that assumption. Run with `python -m bench.open_set [sizes …]`.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import django
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

from rich.progress import track  # noqa: E402 -- Django must be configured first

from bench.figures import Figure, of_proportion, report  # noqa: E402 -- likewise
from bench.speakers.trials import PERHAPS_ONE_READER, Heard, Part, hear, parted  # noqa: E402 -- likewise
from safety.calibration import SPEECH, Calibration  # noqa: E402 -- likewise
from safety.registry import calibration, speaker_encoders  # noqa: E402 -- likewise
from safety.search.shelf import CANDIDATES  # noqa: E402 -- likewise
from safety.search.thresholds import ratios, thresholds  # noqa: E402 -- likewise

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
CHUNK, SHRINKAGE, PROBES_OF_ONE = 20_000, 0.02, 14
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """All probes against all lists: ratios and first scores with the own reference, and the best of the strangers'."""

    own: Floats
    own_score: Floats
    strangers: dict[int, Floats]
    ahead: dict[int, NDArray[np.int64]]
    conditions: list[str]


def references(heard: list[Heard]) -> dict[str, Heard]:
    """The longest clean take of every speaker; of two names that may be one reader's, the first."""
    second_names = {max(pair) for pair in PERHAPS_ONE_READER}
    clean = [one for one in heard if one.condition == "clean" and one.speaker not in second_names]
    found: dict[str, Heard] = {}
    for one in sorted(clean, key=lambda one: (one.seconds, one.take)):
        found[one.speaker] = one
    return found


def probes(heard: list[Heard], listed: dict[str, Heard]) -> list[Heard]:
    """Other takes of the same speakers, so many of one speaker at most, drawn from all conditions."""
    chosen: dict[str, list[Heard]] = defaultdict(list)
    for one in heard:
        if one.speaker in listed and one.take != listed[one.speaker].take:
            chosen[one.speaker].append(one)
    generator, found = np.random.default_rng(0), []
    for several in chosen.values():
        picked = generator.permutation(len(several))[:PROBES_OF_ONE]
        found += [several[place] for place in picked]
    return found


class Crowd:
    """Synthetic references by every encoder at once."""

    def __init__(self, heard: list[Heard]) -> None:
        vectors = np.array([np.concatenate(one.vectors) for one in heard if one.condition == "clean"], dtype=np.float64)
        self.widths = [len(vector) for vector in heard[0].vectors]
        self.mean = vectors.mean(axis=0)
        covariance = np.cov(vectors.T)
        spread = SHRINKAGE * np.trace(covariance) / len(covariance)
        self.factor = np.linalg.cholesky((1 - SHRINKAGE) * covariance + spread * np.eye(len(covariance)))
        self.factor = self.factor.astype(np.float32)
        self.generator = np.random.default_rng(1)

    def draw(self, count: int) -> list[NDArray[np.float32]]:
        normal = self.generator.standard_normal((count, len(self.mean)), dtype=np.float32)
        drawn = normal @ self.factor.T + self.mean.astype(np.float32)
        parts = np.split(drawn, np.cumsum(self.widths)[:-1], axis=1)
        return [part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts]


def weights(known: Calibration, asked: list[Heard], count: int) -> tuple[Floats, list[Floats]]:
    """Constant and slopes of each probe's ratio: it is linear in the scores once length and band are known."""
    seconds, hertz = np.array([one.seconds for one in asked]), np.array([one.bandwidth_hz for one in asked])

    def at(scores: Floats) -> Floats:
        return ratios(known, np.tile(scores, (len(asked), 1)), seconds=seconds, bandwidth_hz=hertz)

    constant = at(np.zeros(count))
    return constant, [at(row) - constant for row in np.eye(count)]


def try_out(sizes: list[int], *, tried: Part = "report") -> Trial:
    """Hold every probe of one part's speakers against growing lists, synthetic people drawn after the other part's."""
    encoders, known = speaker_encoders(), calibration()
    heard = hear(encoders)
    other: Part = "calibration" if tried == "report" else "report"
    crowd, mine = Crowd(parted(heard, other)), parted(heard, tried)
    listed = references(mine)
    asked = probes(mine, listed)
    order = [[encoder.model for encoder in encoders].index(model) for model in known.models]
    constant, slopes = weights(known, asked, len(order))
    vectors = [np.stack([one.vectors[place] for one in asked]) for place in order]
    steep = np.concatenate([slope[:, None] * v for slope, v in zip(slopes, vectors, strict=True)], axis=1)
    steep = steep.astype(np.float32)
    own_vectors = [np.stack([listed[one.speaker].vectors[place] for one in asked]) for place in order]
    own_scores = [np.einsum("nd,nd->n", a, b) for a, b in zip(vectors, own_vectors, strict=True)]
    own = constant + sum(slope * score for slope, score in zip(slopes, own_scores, strict=True))
    best, ahead = np.full(len(asked), -np.inf), np.zeros(len(asked), np.int64)
    strangers, ranks, done = {}, {}, 0
    first = order.index(0)

    def meet(parts: list[NDArray[np.float32]], same: NDArray[np.bool_] | None = None) -> None:
        nonlocal best, ahead
        found = constant[:, None] + steep @ np.concatenate([parts[place] for place in order], axis=1).T
        score = vectors[first] @ parts[0].T
        if same is not None:
            found, score = np.where(same, -np.inf, found), np.where(same, -2.0, score)
        best = np.maximum(best, found.max(axis=1))
        ahead = ahead + (score > own_scores[first][:, None]).sum(axis=1)

    names = sorted(listed)
    for size in track(sorted(sizes), description="lists"):
        if done == 0 and size > len(names):  # the real ones first
            same = np.array([[one.speaker == name for name in names] for one in asked])
            meet([np.stack([listed[n].vectors[p] for n in names]) for p in range(len(encoders))], same)
            done = len(names)
        while done < size:
            count = min(CHUNK, size - done)
            meet(crowd.draw(count))
            done += count
        strangers[size], ranks[size] = best.copy(), ahead.copy()
    return Trial(own, own_scores[first], strangers, ranks, [one.condition for one in asked])


def figures_of(trial: Trial) -> list[Figure]:
    """FPIR and FNIR at the thresholds that know the list's size, and at the one for a single comparison."""
    known, found = calibration(), []
    clean = np.array([condition in {"clean", "10-s", "5-s"} for condition in trial.conditions])
    for size, strangers in trial.strangers.items():
        limits, total = thresholds(known, size=size), len(strangers)
        cut = trial.ahead[size] >= CANDIDATES
        rates = {
            "FPIR, match": (int((strangers >= limits.match).sum()), total, 0.001),
            "FPIR, held or matched": (int((strangers >= limits.hold).sum()), total, 0.05),
            "FPIR at the threshold of one comparison": (
                int((strangers >= known.point(SPEECH).match).sum()),
                total,
                None,
            ),
            "FNIR, not matched": (int(((trial.own < limits.match) | cut).sum()), total, None),
            "FNIR, neither held nor matched": (int(((trial.own < limits.hold) | cut).sum()), total, None),
            "FNIR, neither held nor matched, five seconds or more of clean speech": (
                int((((trial.own < limits.hold) | cut) & clean).sum()),
                int(clean.sum()),
                None,
            ),
            f"listed, but not among the {CANDIDATES} most alike by the first encoder": (int(cut.sum()), total, None),
        }
        found += [
            of_proportion(f"{size:>9,} listed: {name}", hits, of, goal=goal, direction="at most")
            for name, (hits, of, goal) in rates.items()
        ]
    return found


def main() -> int:
    """Measure, print, write."""
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    report(figures_of(try_out(sizes)), title="Open-set search", destination=ROOT / "evaluation" / "open-set.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
