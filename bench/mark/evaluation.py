"""The whole evaluation of the keyed mark in order: material, table, rivals, false alarms, attempts on it, quality."""

from __future__ import annotations

from bench.figures import Figure
from bench.mark import alarms, borrowed, claims, engine_speech, material, quality, report, security, trials

LENGTHS = (3.0, 5.0, 10.0, 2.0)
RIVAL_CLIPS = {"perth": 60, "aware": 24}
CLIPS, WINDOWS, ATTEMPTED, RATED, WORDS = 200, 2_000, 40, 60, 24


def evaluate(*, clips: int = CLIPS) -> list[Figure]:
    """Everything, as far as it is not in the cache; the figures of the keyed mark's table."""
    engine_speech.main()
    for seconds in LENGTHS:
        table("keyed", clips=clips, seconds=seconds)
    for rival, most in RIVAL_CLIPS.items():
        table(rival, clips=min(clips, most), seconds=3.0)
    return report.write(
        {
            "alarms": alarms.measured(WINDOWS),
            "security": security.measured(min(clips, ATTEMPTED), seconds=3.0),
            "claims": claims.measured(clips, seconds=3.0),
            "quality": quality.summary(quality.measured(min(clips, RATED), words=WORDS, aware=RIVAL_CLIPS["aware"])),
        }
    )


def table(name: str, *, clips: int, seconds: float, part: str = "0/1", wanted: tuple[str, ...] = ()) -> None:
    """Trials of one system at one length, as far as they are not in the cache."""
    if name == "aware" and not borrowed.there("aware"):
        print("aware is not installed: its column is left out.")
        return
    names = trials.names_of_attacks(wanted, keyed=name == "keyed")
    trials.run(trials.SYSTEMS[name](), material.held_out(clips, seconds=seconds), names, part=part)
