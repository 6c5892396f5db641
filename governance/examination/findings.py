"""What an examination hands back: objections, and every figure whether it objected or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from governance.rules import Objection

RETRY = "Ask again; if it repeats, prepare the voice anew."
REVIEW = "A reviewer listens to what was withheld."


@dataclass(frozen=True)
class Findings:
    """Of one part of the examination, or of all of it."""

    objections: tuple[Objection, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.objections

    def __add__(self, other: Findings) -> Findings:
        return Findings(self.objections + other.objections, self.figures | other.figures)
