"""A reason: why something was refused or held, in plain words, with what can be done and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Reason:
    """One reason; `measured` carries numbers whose keys name their unit."""

    rule: str
    effect: Literal["deny", "hold"]
    explanation: str
    way_forward: str
    measured: Mapping[str, float | str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The form in which reasons are stored and answered."""
        return {**asdict(self), "measured": dict(self.measured)}
