"""`python -m bench.log_kill [--seconds 180] [--kills 100] [--json]`: exit status 0 when all promises held."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from bench.log_kill.run import measure


def main() -> int:
    """Run it and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0, help="how long the load lasts")
    parser.add_argument("--kills", type=int, default=100, help="how many there must be, however long it takes")
    parser.add_argument("--pause", type=float, default=0.9, help="seconds between two kills, on average")
    parser.add_argument("--seed", type=int, default=1, help="whom it hits, and when")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    outcome = measure(seconds=given.seconds, pause=given.pause, seed=given.seed, least=given.kills)
    if given.json:
        print(json.dumps({**asdict(outcome), "kills": outcome.kills, "whole": outcome.whole}))
    else:
        for name, value in asdict(outcome).items():
            print(f"{name.replace('_', ' '):24}{value}")
        print(
            f"{outcome.kills} SIGKILLs: {'nothing lost, nothing contradicted' if outcome.whole else 'PROMISES BROKEN'}"
        )
    return 0 if outcome.whole else 1


if __name__ == "__main__":
    sys.exit(main())
