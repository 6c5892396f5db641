"""Speed in one run, as ratios: of one request's steps, of the log, of sealing, of marks; and the kill test.

Run with `make bench`: it starts services of its own, plays consent and enrolment with a stock voice, and renders.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import median

from bench import log_kill
from tests.services import start_test_services

ROOT = Path(__file__).resolve().parent.parent
RENDERS = 5
KILLING_SECONDS, KILLS = 150.0, 100


def measure() -> list[dict[str, float]]:
    """Render the same request several times; the steps' seconds of each, with the clip's own duration."""
    from bench.scenario import prepared_voice, render_once  # noqa: PLC0415 -- needs Django, which needs the services

    voice = prepared_voice()
    render_once(voice)
    return [render_once(voice) for _ in range(RENDERS)]


def main() -> int:
    """Measure, print, write."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
    os.environ["VIVAVOCE_TESTING"] = os.environ["DEMO_SYNTHETIC_SPEAKERS"] = "1"
    os.environ.setdefault("CHALLENGE_SECONDS", "600")  # the cast's speech is made meanwhile
    services = start_test_services(durable=True)
    try:
        import django  # noqa: PLC0415 -- only after the services' addresses stand in the environment

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415 -- likewise

        from bench import ears, marks_speed, sealing, search  # noqa: PLC0415 -- likewise
        from bench.figures import of_mean, report  # noqa: PLC0415 -- likewise
        from bench.log import measure_log  # noqa: PLC0415 -- likewise
        from tests.cast import found  # noqa: PLC0415 -- likewise

        call_command("migrate", database="owner", verbosity=0)
        of_log = measure_log()  # first: its clients are forked, and the models' threads would not survive that
        runs = measure()
        of_sealing = sealing.figures(found("Bench").id)
        of_ears = ears.figures(
            decision_seconds=median(run["gate"] for run in runs),
            synthesis_per_second=median(run["synthesise"] / run["sound"] for run in runs),
        )
        of_search = search.figures()
        of_marks = marks_speed.figures()
    finally:
        services.stop()
    goals = {"gate": 0.01, "examine": 1.0, "mark": 0.5, "read_back": 0.5, "synthesise": 3.0}
    figures = [
        of_mean(
            f"{step}: seconds per second of sound",
            [run[step] / run["sound"] for run in runs],
            unit="ratio",
            goal=goal,
            direction="at most",
        )
        for step, goal in goals.items()
    ]
    figures += [
        of_mean(
            f"{step} / synthesis of the same request",
            [run[step] / run["synthesise"] for run in runs],
            unit="ratio",
            goal=None,
            direction="at most",
        )
        for step in ("gate", "examine", "mark", "read_back")
    ]
    figures += [*of_log, *of_sealing, *of_ears, *of_search, *of_marks]
    figures += [*log_kill.figures(log_kill.measure(seconds=KILLING_SECONDS, least=KILLS))]
    report(
        figures,
        title=f"Speed (median clip {median(run['sound'] for run in runs):.1f} s)",
        destination=ROOT / "bench" / "results.json",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
