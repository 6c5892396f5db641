"""The gate: every rule is asked, every objection is kept, deny overrides hold and hold overrides permit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from governance.rules import Facts, Objection, Rule


class EmptyPolicyError(Exception):
    """A gate without rules would permit everything, so it refuses to decide."""


@dataclass(frozen=True)
class Verdict:
    """The pure result: an effect and every objection, denials first."""

    effect: Literal["permit", "hold", "deny"]
    objections: tuple[Objection, ...]


def decide(facts: Facts, rules: Sequence[Rule]) -> Verdict:
    """Weigh `facts` by `rules`; raises `EmptyPolicyError` when there is no rule."""
    if not rules:
        raise EmptyPolicyError("The policy has no rule; an empty policy is invalid, not permissive.")
    objections = [objection for rule in rules for objection in rule(facts)]
    objections.sort(key=lambda objection: objection.effect != "deny")
    if not objections:
        return Verdict("permit", ())
    return Verdict(objections[0].effect, tuple(objections))
