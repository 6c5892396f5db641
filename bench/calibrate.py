"""Make the calibrations that `safety/calibrations` ships: `make calibrate`, with the speech corpus beside the checkout.

Only the calibration's speakers are used (`bench.speakers.trials`); `make evaluate` judges the result by the others.
For all encoders of SPEAKER_ENCODERS together, and for the first one alone.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import asdict, replace
from typing import Any

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

from bench.speakers.fitting import PENALTY, fit, threshold_for_fmr, threshold_for_fnmr  # noqa: E402 -- Django first
from bench.speakers.rates import cllr, equal_error_rate, least_cllr, rates_at  # noqa: E402 -- likewise
from bench.speakers.trials import Floats, Trials, hear, parted, trials_of  # noqa: E402 -- likewise
from safety.calibration import FOLDER, FORM, OUTPUT, PREPARED, SPEECH, read  # noqa: E402 -- likewise
from safety.registry import speaker_encoders, speaker_models  # noqa: E402 -- likewise

MATCH_FMR, NO_MATCH_FNMR, NO_MATCH_FMR = 0.001, 0.01, 0.02
OUTPUT_MATCH_FMR, OUTPUT_NO_MATCH_FMR = 0.01, 0.02


def calibrate(trials: Trials) -> dict[str, Any]:
    """The content of a calibration's file, from trials of the calibration's speakers."""
    values = trials.features()
    impostor_pairs = len(np.unique(trials.pairs()[~trials.genuine]))
    cap = round(float(np.log(impostor_pairs)), 3)
    coefficients = np.round(fit(values, trials), 5)
    llr = np.clip(values @ coefficients, -cap, cap)
    return {
        "form": FORM,
        "models": [asdict(model) for model in trials.models],
        "coefficients": coefficients.tolist(),
        "points": {
            SPEECH: _point(
                llr,
                trials,
                match=threshold_for_fmr(llr, trials, MATCH_FMR),
                no_match=min(
                    threshold_for_fnmr(llr, trials, NO_MATCH_FNMR), threshold_for_fmr(llr, trials, NO_MATCH_FMR)
                ),
                rule="match: FMR 0.1 %; no match: FNMR 1 %, or lower until 2 % of the impostors are left to a person, "
                "because sessions far apart are not in the corpus",
            ),
            OUTPUT: _point(
                llr,
                trials,
                match=threshold_for_fmr(llr, trials, OUTPUT_MATCH_FMR),
                no_match=threshold_for_fmr(llr, trials, OUTPUT_NO_MATCH_FMR),
                rule="match: FMR 1 %; no match: FMR 2 %, of people's speech, for an engine's voice is less like them",
            ),
            PREPARED: _point(
                llr,
                trials,
                match=0.0,
                no_match=threshold_for_fmr(llr, trials, OUTPUT_MATCH_FMR),
                rule="match: the ratio speaks for the speaker, so that single outputs keep clear of the output's limit",
            ),
        },
        "cap": cap,
        "source": {
            "speakers": len(trials.speakers),
            "genuine_trials": int(trials.genuine.sum()),
            "genuine_across_recordings": int((trials.genuine & ~trials.within).sum()),
            "impostor_trials": int((~trials.genuine).sum()),
            "impostor_pairs": impostor_pairs,
            "conditions": sorted(set(trials.condition.tolist())),
            "penalty": PENALTY,
            "eer": round(equal_error_rate(llr, trials), 5),
            "cllr": round(cllr(llr, trials), 5),
            "least_cllr": round(least_cllr(llr, trials), 5),
        },
    }


def _point(llr: Floats, trials: Trials, *, match: float, no_match: float, rule: str) -> dict[str, Any]:
    match, no_match = (math.ceil(1_000 * threshold) / 1_000 for threshold in (match, no_match))
    return {  # rounded up, so that no more impostors pass than the rule lets
        "match": match,
        "no_match": no_match,
        "source": {
            "rule": rule,
            "at_match": rates_at(llr, trials, threshold=match),
            "at_no_match": rates_at(llr, trials, threshold=no_match),
        },
    }


def main() -> int:
    """Measure, write, and read back."""
    trials = trials_of(parted(hear(speaker_encoders()), "calibration"), speaker_models())
    first = replace(trials, models=trials.models[:1], scores=trials.scores[:, :1])
    FOLDER.mkdir(exist_ok=True)
    for chosen in [trials, first] if len(trials.models) > 1 else [first]:
        path = FOLDER / f"{'-'.join(model.name for model in chosen.models)}.json"
        path.write_text(json.dumps(calibrate(chosen), indent=2) + "\n")
        made = read(path)
        points = ", ".join(f"{name} {p.no_match:g} to {p.match:g}" for name, p in made.points.items())
        print(f"{path.name}: {made.id[:12]}…, {points}, at most ±{made.cap:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
