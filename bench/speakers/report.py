"""The accuracy report of the speaker comparison, on speakers whom no calibration has heard: figures, JSON and HTML.

Structured after ISO/IEC 19795-1: who was compared under which conditions, DET, and false match and false non-match
rates at the shipped thresholds with their intervals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.template import Context, Engine

from bench.figures import Figure
from bench.speakers import groups, outputs
from bench.speakers.conditions import CONDITIONS, LENGTHS
from bench.speakers.fitting import fit
from bench.speakers.rates import (
    cllr,
    det,
    equal_error_rate,
    false_match_rate,
    false_non_match_rate,
    least_cllr,
)
from bench.speakers.trials import LEFT_OUT, Floats, Heard, Trials, hear, parted, trials_of
from safety.calibration import OUTPUT, SPEECH, Calibration
from safety.registry import calibration, speaker_encoders, speaker_models

TEMPLATE = Path(__file__).with_name("report.html")
PLOTTED = 200
SECTIONS = (("Clean, by length", "lengths"), ("In full, by condition", "conditions"))


def evaluate(destination: Path) -> list[Figure]:
    """Measure, write `accuracy.json` and `accuracy.html` to this folder, and give the figures of the summary."""
    found = measured()
    destination.mkdir(parents=True, exist_ok=True)
    (destination / "accuracy.json").write_text(json.dumps(found, indent=2) + "\n")
    (destination / "accuracy.html").write_text(rendered(found))
    whole, point = found["all"], found["operating_point"]
    size = int(whole["genuine_trials"] + whole["impostor_trials"])
    ratio = whole["cllr"] / whole["least_cllr"]
    figures = [
        Figure("speaker comparison: Cllr / minCllr", ratio, "", 1.10, "at most", size, (ratio, ratio)),
        Figure("speaker comparison: EER", whole["eer"], "fraction", None, "at most", size, (whole["eer"],) * 2),
    ]
    for rate, at, goal in (("fmr", "match", 0.001), ("fnmr", "match", None), ("fnmr", "no_match", 0.01)):
        value = whole[f"{rate}_at_{at}"]
        name = f"speaker comparison: {rate.upper()} at {at.replace('_', ' ')} ({point[at]:g})"
        figures.append(Figure(name, value["value"], "fraction", goal, "at most", size, (value["low"], value["high"])))
    return figures


def measured() -> dict[str, Any]:
    """Everything in the report."""
    heard, chosen = hear(speaker_encoders()), calibration()
    known, unknown = parted(heard, "calibration"), parted(heard, "report")
    trials = trials_of(unknown, chosen.models)
    llr = ratios(trials, chosen)
    point = chosen.point(SPEECH)
    limits = (point.match, point.no_match)
    return {
        "calibration": chosen.id,
        "calibration_source": dict(chosen.source),
        "models": [asdict(model) for model in chosen.models],
        "operating_point": {"match": point.match, "no_match": point.no_match, **point.source},
        "speakers": len(trials.speakers),
        "left_out": LEFT_OUT,
        "all": row(llr, trials, limits),
        "kinds": {
            "two recordings": row(llr, trials, limits, ~trials.genuine | ~trials.within),
            "halves of one recording": row(llr, trials, limits, ~trials.genuine | trials.within),
        },
        "lengths": {name: row(llr, trials, limits, trials.condition == name) for name in _lengths()},
        "conditions": {name: row(llr, trials, limits, trials.condition == name) for name in CONDITIONS},
        "groups": _groups(llr, trials, limits),
        "systems": _systems(known, unknown),
        "outputs": _outputs(heard, chosen),
        "det": _plotted(llr, trials),
    }


def ratios(trials: Trials, chosen: Calibration) -> Floats:
    """The calibrated ratio of every trial, as the product computes it."""
    return np.clip(trials.features() @ np.array(chosen.coefficients), -chosen.cap, chosen.cap)


def row(
    llr: Floats, trials: Trials, limits: tuple[float, float], where: np.ndarray[Any, Any] | None = None
) -> dict[str, Any]:
    """Counts and rates of some trials; a rate without trials is left empty."""
    chosen = trials if where is None else trials.where(where)
    ratio = llr if where is None else llr[where]
    genuine = chosen.genuine
    found: dict[str, Any] = {
        "genuine_trials": int(genuine.sum()),
        "genuine_speakers": len(np.unique(chosen.probe[genuine])),
        "impostor_trials": int((~genuine).sum()),
        "impostor_pairs": len(np.unique(chosen.pairs()[~genuine])),
    }
    for name, threshold in zip(("match", "no_match"), limits, strict=True):
        if (~genuine).any():
            found[f"fmr_at_{name}"] = asdict(false_match_rate(ratio, chosen, threshold=threshold))
        if genuine.any():
            found[f"fnmr_at_{name}"] = asdict(false_non_match_rate(ratio, chosen, threshold=threshold))
    if genuine.any() and (~genuine).any():
        found |= {"eer": equal_error_rate(ratio, chosen)}
        found |= {"cllr": cllr(ratio, chosen), "least_cllr": least_cllr(ratio, chosen)}
    return found


def _lengths() -> list[str]:
    return [*(f"{seconds:g}-s" for seconds in LENGTHS), "clean"]


def _groups(llr: Floats, trials: Trials, limits: tuple[float, float]) -> dict[str, Any]:
    found = {}
    for name, division in (("collection", groups.by_collection(trials)), ("pitch", groups.by_pitch(trials))):
        ratio = groups.worst_to_best(llr, trials, division, threshold=limits[0])
        found[name] = {
            "groups": {
                group: row(llr, trials, limits, groups.members(trials, division, group))
                for group in sorted(set(division.values()))
            },
            "worst_to_best_fnmr": None if ratio is None else {key: _finite(v) for key, v in asdict(ratio).items()},
        }
    return found


def _finite(value: float) -> float | str:
    return value if np.isfinite(value) else "unbounded"


def _systems(known: Sequence[Heard], unknown: Sequence[Heard]) -> dict[str, Any]:
    """The same speakers by each encoder alone and with cohort normalisation, each with a calibration of its own."""
    cohort = [one for one in known if one.condition == "clean"]
    models = speaker_models()
    plain = [trials_of(part, models) for part in (known, unknown)]
    normal = [trials_of(part, models, cohort=cohort) for part in (known, unknown)]

    def alone(index: int) -> Callable[[Trials], Trials]:
        return lambda trials: replace(trials, models=(models[index],), scores=trials.scores[:, [index]])

    ways = {"all encoders": plain, "all encoders, cohort-normalised": normal}
    ways |= {model.name: [alone(index)(trials) for trials in plain] for index, model in enumerate(models)}
    return {name: _refitted(*parts) for name, parts in ways.items()}


def _refitted(known: Trials, unknown: Trials) -> dict[str, float]:
    llr = unknown.features() @ fit(known.features(), known)
    return {
        "eer": equal_error_rate(llr, unknown),
        "cllr": cllr(llr, unknown),
        "least_cllr": least_cllr(llr, unknown),
    }


def _outputs(heard: Sequence[Heard], chosen: Calibration) -> dict[str, Any]:
    """What the local engine says in six voices: how often it passes as its speaker, and as anybody else."""
    part = {one.speaker for one in parted(heard, "report")}
    found: dict[str, Any] = {"operating_point": asdict(chosen.point(OUTPUT)), "voices": {}}
    for speaker, comparisons in outputs.compared(heard, point=OUTPUT).items():
        own = [comparison for comparison, name in comparisons if name == speaker]
        others = [comparison for comparison, name in comparisons if name != speaker]
        found["voices"][speaker] = {
            "part": "report" if speaker in part else "calibration",
            "llr": [round(comparison.llr, 2) for comparison in own],
            "score": round(float(np.mean([comparison.score for comparison in own])), 3),
            "passed": sum(comparison.outcome == "match" for comparison in own),
            "of": len(own),
            "passed_as_others": sum(comparison.outcome == "match" for comparison in others),
            "others": len(others),
        }
    return found


def _plotted(llr: Floats, trials: Trials) -> list[tuple[float, float]]:
    """Points of the DET curve, evenly along it."""
    passed, missed = det(llr, trials)
    keep = np.unique(np.searchsorted(missed, np.geomspace(1e-4, 0.5, PLOTTED)).clip(0, len(missed) - 1))
    return [(round(float(passed[i]), 7), round(float(missed[i]), 7)) for i in keep]


def rendered(found: dict[str, Any]) -> str:
    """The report as a page that needs nothing else."""
    tables = [("", [("all trials", found["all"])])]
    tables += [(title, list(found[key].items())) for title, key in (("Genuine trials", "kinds"), *SECTIONS)]
    tables += [(f"By {name}", list(division["groups"].items())) for name, division in found["groups"].items()]
    ticks = [(_place(rate), f"{100 * rate:g} %", 404 - _place(rate)) for rate in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)]
    curve = " ".join(f"{_place(fmr):.1f},{400 - _place(fnmr):.1f}" for fmr, fnmr in found["det"] if fmr > 0)
    template = Engine(autoescape=True).from_string(TEMPLATE.read_text())
    return template.render(Context({"found": found, "curve": curve, "tables": tables, "ticks": ticks}))


def _place(rate: float) -> float:
    """Where a rate lies on an axis of 400 points from 0.001 % to 100 %, by its logarithm."""
    return 80.0 * (5.0 + float(np.log10(max(rate, 1e-5))))
