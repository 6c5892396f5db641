"""Make the material, train, calibrate, choose the operating points, measure, and write weights and card."""

from __future__ import annotations

import io
import json
import os
from dataclasses import asdict
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

import numpy as np  # noqa: E402 -- Django must be configured first

from bench.spoofing import evaluation, material, strangers  # noqa: E402 -- likewise
from bench.spoofing.copiers import KIN, MORE  # noqa: E402 -- likewise
from bench.spoofing.strangers import fit, scores_of_strangers  # noqa: E402 -- likewise
from bench.spoofing.table import table  # noqa: E402 -- likewise
from safety.spoofing.network import CARD, FOLDER, WEIGHTS, Network  # noqa: E402 -- likewise

MORE_COPIES = 30
"""Recordings of each kind of further copy: half as many as of the first kinds, which have been longer in the recipe."""
RESULTS = Path(__file__).resolve().parents[2] / "evaluation" / "spoofing.json"
NOT_TRAINED_ON = frozenset[str]()


def main() -> None:
    """Write `weights.npz` and `card.json` beside the detector, and what was measured to `evaluation/spoofing.json`."""
    known = table([*material.recorded(), *material.made(), *material.made_by(MORE, copies=MORE_COPIES)])
    rows = known.train & ~np.isin(known.systems, sorted(NOT_TRAINED_ON))
    network = fit(known, rows)
    weights = _packed(network)
    card = strangers.card(known, rows, scores_of_strangers(known, rows, kin=KIN), weights=weights)
    (FOLDER / WEIGHTS).write_bytes(weights)
    (FOLDER / CARD).write_text(json.dumps({k: v for k, v in asdict(card).items() if k != "id"}, indent=1) + "\n")
    seen = set(known.systems[rows & known.made])
    found = evaluation.report(known, network.score(known.features), card=card, seen=seen)
    RESULTS.write_text(json.dumps({"weights_sha256": card.weights_sha256, **found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def _packed(network: Network) -> bytes:
    """The arrays as they are shipped: half precision, without a time stamp, so that the same fit has the same hash."""
    buffer = io.BytesIO()
    np.savez(buffer, **{name: values.astype(np.float16) for name, values in vars(network).items()})
    return buffer.getvalue()


if __name__ == "__main__":
    main()
