"""Is somebody who must not be cloned heard in an output: as a whole, or where it is not clearly the speaker's voice?

Every question is another chance to take a stranger for somebody listed, so no second is searched for its own sake: only
the whole, and what is not clearly the consented speaker. Those doubtful parts share one prior, as the people of a list
do: the more there are, the more it takes to be found in one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.examination.findings import REVIEW, Findings
from governance.rules import Objection
from safety.comparison import VoiceEmbedding
from safety.protected_voices import ProtectedMatch, screen
from tenancy.scope import organisation_scope

WHOLE = "whole"
SOUNDS = "The output sounds like a person whose voice is protected ({where})."
MAY_SOUND = "Perhaps the output is a person whose voice is protected ({where}): somebody has to listen."


@dataclass(frozen=True, eq=False)
class Heard:
    """A voice in one part of an output; `doubted` where that part alone withholds the output already."""

    where: str
    start: float
    end: float
    voice: VoiceEmbedding
    doubted: bool


@dataclass(frozen=True)
class Likeness:
    """Somebody listed, found in one part."""

    part: Heard
    match: ProtectedMatch


def search(parts: Sequence[Heard], *, organisation_id: UUID) -> Findings:
    """Ask the lists for the whole, and for every doubtful part.

    A sure likeness withholds wherever it is. One that is not sure is told only of a part that is withheld anyway.

    Raises:
        ComparisonError: somebody is listed by other encoders, so that nobody can be ruled out.
        SearchUnavailableError: the lists cannot be searched now.
    """
    with organisation_scope(organisation_id, actor="system"):
        found = [
            Likeness(part, match)
            for part in parts
            for match in screen(part.voice, questions=1 if part.where == WHOLE else len(parts))
            if match.outcome == "match" or part.doubted
        ]
    clearest = list(_clearest(found))
    figures = {
        "protected_asked_of": [part.where for part in parts],
        "protected_heard": [{"where": one.part.where, **one.match.as_json()} for one in clearest],
    }
    return Findings(tuple(_objection(one) for one in clearest), figures)


def _clearest(found: Sequence[Likeness]) -> Iterator[Likeness]:
    """Of every person the surest likeness, and of equally sure ones the likeliest."""
    sure_first = sorted(found, key=lambda one: (one.match.outcome != "match", -_ratio(one)))
    told: set[UUID] = set()
    for one in sure_first:
        if one.match.id not in told:
            told.add(one.match.id)
            yield one


def _ratio(one: Likeness) -> float:
    return one.match.finding.llr if one.match.finding is not None else 0.0


def _objection(one: Likeness) -> Objection:
    part, sure = one.part, one.match.outcome == "match"
    rule = "output-protected-voice" if sure else "output-protected-voice-possible"
    measured = {**one.match.figures(), "from_s": round(part.start, 2), "to_s": round(part.end, 2)}
    return Objection(rule, "deny", (SOUNDS if sure else MAY_SOUND).format(where=part.where), REVIEW, measured)
