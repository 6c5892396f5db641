"""Print the tables: `python -m bench.mark --clips 24 --seconds 3`."""

from __future__ import annotations

import argparse
import os

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

from bench.mark import evaluation, material  # noqa: E402 -- Django must be configured first
from bench.mark.attacks import ATTACKS  # noqa: E402 -- likewise
from safety.backends.dnsmos import Dnsmos  # noqa: E402 -- likewise
from watermark.keyed.codes import EpochKeys  # noqa: E402 -- likewise
from watermark.keyed.embedding import embed  # noqa: E402 -- likewise

SECRET = b"the secret of the evaluation epoch"


def main() -> None:
    """Robustness, and quality where it is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--attacks", nargs="*", default=list(ATTACKS))
    parser.add_argument("--quality", type=int, default=0, help="clips to rate")
    given = parser.parse_args()
    keys = EpochKeys(SECRET)
    clips = material.clips(given.clips, seconds=given.seconds)
    found = evaluation.attacked(clips, keys, attacks=given.attacks, strength=given.strength)
    print(f"{len(clips)} clips of {given.seconds} s, strength {given.strength}")
    print(f"{'attack':14} pilot  code  min  | found  1 of 1e4  1 of 1e6  short id | x real time")
    for attack, ones in found.items():
        code = [one.code for one in ones]
        counts = [sum(getattr(one, what) for one in ones) for what in ("detected", "first_of_small", "first_of_large")]
        print(
            f"{attack:14} {np.mean([one.pilot for one in ones]):5.1f} {np.mean(code):5.1f} {min(code):5.1f} |"
            f" {counts[0]:5} {counts[1]:9} {counts[2]:9} {sum(one.short_id for one in ones):9} |"
            f" {np.mean([one.speed for one in ones]):5.1f}",
            flush=True,
        )
    if given.quality:
        rated, rater = material.clips(given.quality, seconds=given.seconds), Dnsmos()
        before = np.array([rater.rate(clip).overall for _, clip in rated])
        after = [rater.rate(embed(c, keys.pattern(n.encode()), strength=given.strength)).overall for n, c in rated]
        change = np.array(after) - before
        print(
            f"DNSMOS {before.mean():.2f}, change {change.mean():+.3f} (least {change.min():+.3f}), {len(rated)} clips"
        )


if __name__ == "__main__":
    main()
