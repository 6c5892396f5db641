"""In what manner a consent was given, as its receipt says it: read aloud, repeated, or by a representative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

READ = "spoken statement, signed by reading it aloud"
REPEATED = "spoken statement, repeated sentence by sentence"
REPRESENTED = "statement of a representative, accepted by a person"


def manner_of(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The manner by the evidence of a consent; who stood in for the speaker and in what right, where somebody did."""
    said = evidence.get("representative")
    if said:
        return {"type": REPRESENTED, "representative": {"name": said["name"], "capacity": said["capacity"]}}
    return {"type": REPEATED if evidence.get("parts", 1) > 1 else READ}
