"""What is due, and by which law: the strictest rule wins, and a legal hold overrides; pure."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from governance.retention.terms import Term, parse

Clock = Literal["withdrawal", "purpose", "inactivity"]
CLOCKS: tuple[Clock, ...] = ("withdrawal", "purpose", "inactivity")
FILE = Path(__file__).with_name("schedule.toml")
_ANCHOR = datetime(2000, 1, 1, tzinfo=UTC)


class ScheduleError(ValueError):
    """A schedule that contradicts itself or cannot be read."""


@dataclass(frozen=True)
class Rule:
    """One place's law, in our words, and the terms that we draw from it."""

    code: str
    place: str
    law: str
    says: str
    applied: str
    source: str
    counsel: str
    biometric: Mapping[Clock, Term]
    proof_at_least: Term | None
    proof_at_most: Term | None
    ledger_at_least: Term | None


@dataclass(frozen=True)
class Case:
    """What the schedule must know of one consent; times are aware, and None where it has not happened.

    `ended_by` is why the consent ended: "withdrawal" or "purpose" (its time was over, or it lapsed).
    """

    jurisdictions: tuple[str, ...]
    last_interaction_at: datetime
    ended_at: datetime | None = None
    ended_by: Literal["withdrawal", "purpose"] = "purpose"
    proof_held: bool = False
    biometric_held: bool = False


@dataclass(frozen=True)
class Due:
    """When something must be destroyed, and the rule and clock that say so; `held` postpones it."""

    at: datetime
    rule: Rule
    clock: Clock | Literal["proof"]
    held: bool

    def by(self, now: datetime) -> bool:
        """Whether it must be destroyed now."""
        return not self.held and self.at <= now


@dataclass(frozen=True)
class Schedule:
    """The house rule, which always applies, and the rules of places by their code."""

    version: str
    house: Rule
    rules: Mapping[str, Rule]
    detection_uploads: Term

    def applying(self, codes: Iterable[str]) -> tuple[Rule, ...]:
        """The rules for these places; for none, or for one that is unknown, all there are: unknown is never a yes."""
        wanted = set(codes)
        if not wanted or wanted - self.rules.keys():
            wanted = set(self.rules)
        return (self.house, *(rule for code, rule in self.rules.items() if code in wanted))

    def unknown(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The codes for which there is no rule."""
        return tuple(sorted(set(codes) - self.rules.keys()))

    def biometric(self, case: Case) -> Due:
        """When the voice must be destroyed: the earliest of every clock that runs under every rule that applies."""
        started: dict[Clock, datetime] = {"inactivity": case.last_interaction_at}
        if case.ended_at is not None:
            started[case.ended_by] = case.ended_at
        if case.ended_by == "withdrawal" and case.ended_at is not None:
            started["purpose"] = case.ended_at  # a purpose that nobody agrees to any more has ended as well
        running = [
            (rule.biometric[clock].after(started[clock]), rule, clock)
            for rule in self.applying(case.jurisdictions)
            for clock in CLOCKS
            if clock in rule.biometric and clock in started
        ]
        at, rule, clock = min(running, key=lambda due: due[0])
        return Due(at, rule, clock, held=case.biometric_held)

    def proof(self, case: Case) -> Due | None:
        """When the proof must be destroyed: the longest duty to keep it has passed; None while the consent stands."""
        if case.ended_at is None:
            return None
        rule, term = longest(self.applying(case.jurisdictions), term=lambda rule: rule.proof_at_least)
        return Due(term.after(case.ended_at), rule, "proof", held=case.proof_held)


def shortest(rules: Iterable[Rule], *, term: Callable[[Rule], Term | None]) -> tuple[Rule, Term]:
    """The rule with the shortest of these terms, the earlier rule of two that are alike."""
    return min(_stated(rules, term), key=lambda found: found[1].after(_ANCHOR))


def longest(rules: Iterable[Rule], *, term: Callable[[Rule], Term | None]) -> tuple[Rule, Term]:
    """The rule with the longest of these terms, the earlier rule of two that are alike."""
    return max(_stated(rules, term), key=lambda found: found[1].after(_ANCHOR))


def _stated(rules: Iterable[Rule], term: Callable[[Rule], Term | None]) -> list[tuple[Rule, Term]]:
    return [(rule, found) for rule in rules if (found := term(rule)) is not None]


@functools.cache
def schedule() -> Schedule:
    """The schedule in force; raises `ScheduleError` for one that contradicts itself."""
    return read(FILE.read_text(encoding="utf-8"))


def read(text: str) -> Schedule:
    """A schedule from TOML, checked: each duty to keep proof must end before every duty to destroy it."""
    try:
        table = tomllib.loads(text)
        uploads = parse(table["house"].pop("detection_uploads"))
        house = _rule(table["house"])
        rules = {row["code"]: _rule(row) for row in table["rules"]}
    except (KeyError, ValueError) as error:
        raise ScheduleError(f"The retention schedule cannot be read: {error}") from error
    found = Schedule(table["version"], house, rules, uploads)
    _require_whole(found, count=len(table["rules"]))
    return found


def _require_whole(found: Schedule, *, count: int) -> None:
    if len(found.rules) != count:
        raise ScheduleError("Two rules of the retention schedule have the same code.")
    if set(found.house.biometric) != set(CLOCKS):
        raise ScheduleError(f"The house rule must have a term for each of {', '.join(CLOCKS)}.")
    everyone = found.applying(())
    keeper, floor = longest(everyone, term=lambda rule: rule.proof_at_least)
    destroyer, ceiling = shortest(everyone, term=lambda rule: rule.proof_at_most)
    if floor.after(_ANCHOR) > ceiling.after(_ANCHOR):
        message = f"{keeper.code} keeps proof for {floor}, but {destroyer.code} destroys it after {ceiling}."
        raise ScheduleError(f"The retention schedule contradicts itself: {message}")


def _rule(row: dict[str, Any]) -> Rule:
    proof, ledger = row.get("proof", {}), row.get("ledger", {})
    unknown = set(row) - {*_TEXTS, "source", "counsel", "biometric", "proof", "ledger"}
    unknown |= (
        (set(row["biometric"]) - set(CLOCKS)) | (set(proof) - {"at_least", "at_most"}) | (set(ledger) - {"at_least"})
    )
    if unknown:
        raise ScheduleError(f"{row['code']} says {', '.join(sorted(unknown))}, which means nothing here.")
    return Rule(
        **{name: row[name] for name in _TEXTS},
        source=row.get("source", ""),
        counsel=row.get("counsel", ""),
        biometric={clock: parse(row["biometric"][clock]) for clock in CLOCKS if clock in row["biometric"]},
        proof_at_least=_optional(proof.get("at_least")),
        proof_at_most=_optional(proof.get("at_most")),
        ledger_at_least=_optional(ledger.get("at_least")),
    )


_TEXTS = ("code", "place", "law", "says", "applied")


def _optional(written: str | None) -> Term | None:
    return None if written is None else parse(written)
