"""What a kill test found."""

from __future__ import annotations

from dataclasses import dataclass

from bench.figures import Figure, of_proportion


@dataclass(frozen=True)
class Outcome:
    """Counts of SIGKILLs, entries (by identifier) and published checkpoints; `damage` is what verification found.

    An attempt is in doubt when its process did not live to note the answer down: it may be logged once, or not.
    """

    seconds: float
    sequencers_killed: int
    workers_killed: int
    postmasters_killed: int
    acknowledged: int
    lost: int
    duplicated: int
    unknown: int
    in_doubt: int
    in_doubt_logged: int
    checkpoints_seen: int
    checkpoints_on_record: int
    inconsistent: int
    damage: str

    @property
    def kills(self) -> int:
        """All SIGKILLs together."""
        return self.sequencers_killed + self.workers_killed + self.postmasters_killed

    @property
    def whole(self) -> bool:
        """Whether everything that was promised held."""
        return not (self.lost or self.duplicated or self.unknown or self.inconsistent or self.damage)


def figures(outcome: Outcome) -> list[Figure]:
    """The promises as figures, each share with its interval; one lost entry breaks its goal."""
    kills = float(outcome.kills)
    shares = {
        "kill test: acknowledged entries lost": (outcome.lost, outcome.acknowledged),
        "kill test: entries logged twice": (outcome.duplicated, outcome.acknowledged + outcome.in_doubt_logged),
        "kill test: checkpoints that contradict another": (outcome.inconsistent, outcome.checkpoints_seen),
    }
    return [
        Figure("kill test: SIGKILLs", kills, "kills", 100.0, "at least", outcome.kills, (kills, kills)),
        *(of_proportion(name, hits, total, goal=0.0, direction="at most") for name, (hits, total) in shares.items()),
    ]
