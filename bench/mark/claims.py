"""What is found without pilots after attacks that hide clips from the search: claimed clips, and the newest ones."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
from rich.progress import track

from bench.mark import attacks, material, system, trials
from bench.mark.system import KeyedSystem
from watermark.keyed.seeking import MOST_CLAIMED
from watermark.protocol import PROTOCOL

HARD = ("gsm", "amr 12.2k", "opus 12k", "noise 10 dB", "WORLD copy", "Codec 2 3.2k", trials.REMARKED, trials.AVERAGED)
FALSE_RATE = -6.0
WAYS = {"claimed": (True, MOST_CLAIMED), "newest": (False, PROTOCOL.sought_clips)}
"""Whether every speed and pitch is tried, and among how many clips, of which each is counted as tried in either way."""


def measured(count: int, *, seconds: float) -> dict[str, Any]:
    """For every hard attack how many clips are found in either way at 1e-6; kept in the cache."""
    path = trials.FOLDER / f"keyed-{system.revision()}" / f"claims-{count}-{seconds:g}.json"
    if path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    ours = KeyedSystem()
    names = [name for name in HARD if name in (*attacks.available(), *trials.OF_KEYS)]
    found: dict[str, Counter[str]] = {name: Counter() for name in names}
    for place in track(material.held_out(count, seconds=seconds), description="claims"):
        clip = place.read()
        marked = ours.mark(clip, place.name)
        for name, counted in found.items():
            sound = trials.attacked(ours, clip, marked, place.name, name)
            counted["n"] += 1
            for way, (every_line, among) in WAYS.items():
                one = ours.claimed(sound, place.name, every_line=every_line)
                counted[way] += one + np.log10(among * len(WAYS)) <= FALSE_RATE
    kept = {"seconds": seconds, "attacks": {name: {k: int(v) for k, v in of.items()} for name, of in found.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept))
    return kept
