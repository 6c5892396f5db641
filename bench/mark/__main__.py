"""The evaluation of the keyed mark part by part; every part goes on where it was broken off.

`python -m bench.mark table --seconds 3 --part 0/2` fills the table (two processes share it as 0/2 and 1/2), `quality`,
`alarms`, `security` and `claims` do the rest, `report` writes evaluation/mark.json and the tables of
docs/mark-evaluation.md. `all` does everything in turn.
"""

from __future__ import annotations

import argparse
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

from bench.mark import alarms, claims, evaluation, quality, report, security, trials  # noqa: E402 -- Django must be configured first


def main() -> int:
    """One part, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("table", "quality", "alarms", "security", "claims", "report", "all"))
    parser.add_argument("--system", choices=tuple(trials.SYSTEMS), default="keyed")
    parser.add_argument("--seconds", type=float, nargs="*", default=evaluation.LENGTHS)
    parser.add_argument("--clips", type=int, default=evaluation.CLIPS)
    parser.add_argument("--windows", type=int, default=evaluation.WINDOWS, help="of sound, for alarms")
    parser.add_argument("--part", default="0/1", help="which of how many processes this is")
    parser.add_argument("--attacks", nargs="*", default=(), help="beginnings of names")
    given = parser.parse_args()
    if given.what == "all":
        evaluation.evaluate(clips=given.clips)
    elif given.what == "table":
        for seconds in given.seconds:
            evaluation.table(
                given.system, clips=given.clips, seconds=seconds, part=given.part, wanted=tuple(given.attacks)
            )
    elif given.what == "quality":
        records = quality.measured(given.clips, words=evaluation.WORDS, aware=evaluation.RIVAL_CLIPS["aware"])
        report.write({"quality": quality.summary(records)})
    elif given.what == "alarms":
        report.write({"alarms": alarms.measured(given.windows)})
    elif given.what == "security":
        report.write({"security": security.measured(given.clips, seconds=3.0)})
    elif given.what == "claims":
        report.write({"claims": claims.measured(given.clips, seconds=3.0)})
    else:
        report.write({})
    return 0


if __name__ == "__main__":
    sys.exit(main())
