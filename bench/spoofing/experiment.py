"""What else was tried against machines nobody has met, by the same rules: `python -m bench.spoofing.experiment`.

AASIST's last layer and score as features or joined with the networks, more ways of copying, linear and one-class
scoring. Scores of strangers of the training systems decide; the systems of the corpus are only reported.
Needs `manage.py fetch_weights --only aasist piper-joe`. Names of trials may follow; the others then keep their figures.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

import numpy as np  # noqa: E402 -- Django must be configured first
from numpy.typing import NDArray  # noqa: E402 -- likewise

from bench.spoofing import evaluation, material, scorers, strangers  # noqa: E402 -- likewise
from bench.spoofing.aasist import aasist_features  # noqa: E402 -- likewise
from bench.spoofing.copiers import KIN, MORE  # noqa: E402 -- likewise
from bench.spoofing.joining import Combine, Scores, Values, strongest, summed  # noqa: E402 -- likewise
from bench.spoofing.rates import equal_error_rate  # noqa: E402 -- likewise
from bench.spoofing.strangers import BONA_FIDE, Fit, fit, scores_of_strangers  # noqa: E402 -- likewise
from bench.spoofing.table import Table, table  # noqa: E402 -- likewise

RESULTS = Path(__file__).resolve().parents[2] / "evaluation" / "spoofing-experiment.json"
WAYS = 1
COPIES = 30
OURS, SCORE, THEIRS, EVERY = (slice(None, -161),), (slice(-1, None),), (slice(-161, None),), (slice(None),)
BySystem = Mapping[str, Values]
Scored = tuple[Mapping[str, NDArray[np.float64]], Values]
"""The scores of strangers by system, and of every row by a fit on all of training."""


@dataclass(frozen=True)
class Points:
    """A recording is held above the one score, and called spoofed above the other."""

    held: float
    called: float


@dataclass(frozen=True, eq=False)
class Part:
    """One score: which features, and how a score is made of them."""

    columns: tuple[slice, ...]
    fit: Fit = fit


@dataclass(frozen=True)
class Trial:
    """One thing to try: its scores, joined where there are several, and whether more copies are trained on."""

    name: str
    parts: tuple[Part, ...]
    more: bool = False
    join: Callable[[Scores], Combine] = summed


NETWORKS, DISTANCE = Part(OURS), Part(OURS, scorers.distance)
OWN_SCORE = Part(SCORE, scorers.own_score)
TWO, ALL = (NETWORKS, OWN_SCORE), (NETWORKS, OWN_SCORE, DISTANCE)
TRIALS = (
    Trial("529 statistics", (NETWORKS,)),
    Trial("networks and AASIST's score, joined", TWO),
    Trial("networks and distance, joined", (NETWORKS, DISTANCE)),
    Trial("networks, AASIST's score and distance, joined", ALL),
    Trial("networks or AASIST's score, the strongest", TWO, join=strongest),
    Trial("networks or distance, the strongest", (NETWORKS, DISTANCE), join=strongest),
    Trial("networks, AASIST's score or distance, the strongest", ALL, join=strongest),
    Trial("statistics, linear", (Part(OURS, scorers.linear),)),
    Trial("statistics, linear, more copies", (Part(OURS, scorers.linear),), more=True),
    Trial("statistics, distance to bona fide speech", (DISTANCE,)),
    Trial("AASIST's own score, nothing trained", (OWN_SCORE,)),
    Trial("AASIST, linear", (Part(THEIRS, scorers.linear),)),
    Trial("AASIST, distance to bona fide speech", (Part(THEIRS, scorers.distance),)),
    Trial("statistics and AASIST's score, linear", (Part(OURS + SCORE, scorers.linear),)),
    Trial("statistics and AASIST, linear", (Part(EVERY, scorers.linear),)),
    Trial("statistics and AASIST, distance to bona fide speech", (Part(EVERY, scorers.distance),)),
    Trial("statistics and AASIST's score", (Part(OURS + SCORE),)),
    Trial("statistics and AASIST", (Part(EVERY),)),
    Trial("statistics, more copies", (NETWORKS,), more=True),
    Trial("statistics and AASIST, more copies", (Part(EVERY),), more=True),
)


def main(names: Sequence[str]) -> None:
    """The named trials, or all, in turn; the others' figures stay in `evaluation/spoofing-experiment.json`."""
    chosen = [trial for trial in TRIALS if not names or trial.name in names]
    known = _heard(more=any(trial.more for trial in chosen))
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    scored: dict[tuple[Part, bool], Scored] = {}
    for trial in chosen:
        for part in trial.parts:
            if (part, trial.more) not in scored:
                scored[part, trial.more] = _scored(known, part, more=trial.more)
        found[trial.name] = _measured(known, [scored[part, trial.more] for part in trial.parts], trial.join)
        print(json.dumps({trial.name: found[trial.name]}, indent=1), flush=True)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def _heard(*, more: bool) -> Table:
    """All clips, described by our statistics and behind them by AASIST."""
    clips = [*material.recorded(), *material.made(), *(material.made_by(MORE, copies=COPIES) if more else [])]
    ours, theirs = (table(clips, **how, ways=WAYS) for how in ({}, {"listen": aasist_features}))
    return replace(ours, features=np.concatenate([ours.features, theirs.features], axis=1))


def _measured(known: Table, scored: Sequence[Scored], join: Callable[[Scores], Combine]) -> dict[str, Any]:
    """Strangers of training first, then the test, by the operating points that bona fide strangers give."""
    strange = {str(number): scores for number, (scores, _) in enumerate(scored)}
    combine = join(strange) if len(scored) > 1 else lambda values: values["0"]
    scores = {
        system: combine({name: by_system[system] for name, by_system in strange.items()}) for system in strange["0"]
    }
    fitted = combine({str(number): values for number, (_, values) in enumerate(scored)})
    shares = (strangers.HELD_OF_BONA_FIDE, strangers.CALLED_OF_BONA_FIDE)
    held, called = (float(np.quantile(scores[BONA_FIDE], 1 - share)) for share in shares)
    points = Points(held, called)
    return {
        "strangers in training": _strangers(scores, points),
        **{name: _test(known, fitted, way, points) for way, name in evaluation.WAYS.items()},
    }


def _scored(known: Table, part: Part, *, more: bool) -> Scored:
    rows = known.train & (more | ~np.isin(known.systems, sorted(MORE)))
    chosen = replace(known, features=np.concatenate([known.features[:, one] for one in part.columns], axis=1))
    return scores_of_strangers(chosen, rows, fit=part.fit, kin=KIN), part.fit(chosen, rows).score(chosen.features)


def _strangers(scores: BySystem, points: Points) -> dict[str, Any]:
    """How systems that the networks were kept from fare; means over those of the recipe, as recorded and after ways."""
    made = {name: values for name, values in scores.items() if name != BONA_FIDE}
    each = {name: _found(scores[BONA_FIDE], values, points) for name, values in made.items()}
    recipe = [found for name, found in each.items() if name not in MORE]
    means = {figure: round(float(np.mean([found[figure] for found in recipe])), 4) for figure in ("eer", "held")}
    return {"mean of the recipe's systems": means, "systems": each}


def _test(known: Table, scores: Values, way: int, points: Points) -> dict[str, Any]:
    by_clip = evaluation.clip_scores(known, scores, part="test", way=way)
    values = np.array(list(by_clip.values()))
    systems = np.array([known.clips[index].system for index in by_clip])
    recipe = set(known.systems[known.train]) - {BONA_FIDE} - set(MORE)
    groups = {"systems of the recipe": recipe, "more copies": set(MORE)}
    unseen = set(systems) - recipe - set(MORE) - {BONA_FIDE}
    groups["unseen: systems of the corpus"] = unseen - {"Piper"}
    groups |= {name: {name} for name in sorted(unseen)}
    sources = np.array([known.clips[index].source for index in by_clip])
    bona_fide = values[systems == BONA_FIDE]
    by_source = {
        name: [int((values[chosen] > points.held).sum()), int(chosen.sum())]
        for name in sorted(set(sources[systems == BONA_FIDE]))
        for chosen in [(systems == BONA_FIDE) & (sources == name)]
    }
    return {
        "bona fide": {"recordings": len(bona_fide), **_above(bona_fide, points)},
        "bona fide held, of so many, by source": by_source,
        **{
            name: _found(bona_fide, values[np.isin(systems, sorted(of))], points)
            for name, of in groups.items()
            if of & set(systems)
        },
    }


def _found(bona_fide: Values, made: Values, points: Points) -> dict[str, float]:
    return {"recordings": len(made), "eer": round(equal_error_rate(bona_fide, made), 4), **_above(made, points)}


def _above(values: Values, points: Points) -> dict[str, float]:
    shares = {"held": values > points.held, "called spoofed": values > points.called}
    return {name: round(float(above.mean()), 4) for name, above in shares.items()}


if __name__ == "__main__":
    main(sys.argv[1:])
