"""The way back from a named clip as cards: one for each step, what it rests on first, and many entries folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.urls import reverse

from governance.console import chain_words as words
from governance.console.wording import Figure, figures, midway, plainly, standing
from governance.forensics.chain import UNRECORDED, Step, chain_of
from governance.forensics.errors import UnknownClipError

MOST_OPEN, MOST_TROUBLED = 5, 3
"""Up to how many entries a card shows them all; and how many that went wrong are never folded, the latest first."""
_MANY = ("decision", "delivery")
_PAGES = {
    "clip": "console:clip",
    "decision": "console:decision",
    "consent": "console:consent",
    "voice": "console:voice",
}


@dataclass(frozen=True)
class Line:
    """One entry: what it says, how that looks where it is a state, and its place in the log."""

    what: str
    at: datetime
    address: str
    meaning: str
    word: str
    entry_id: UUID | None
    index: int | None
    proof_meaning: str
    proof_word: str


@dataclass(frozen=True)
class Card:
    """A step of the chain; `more` says what is folded."""

    title: str
    address: str
    meaning: str
    word: str
    said: str
    lines: tuple[Line, ...]
    folded: tuple[Line, ...]
    more: str
    particulars: tuple[Figure, ...]


@dataclass(frozen=True)
class Chain:
    """All cards, and how much of what they say is provable."""

    cards: tuple[Card, ...]
    provable: str


def chain_behind(clip_id: UUID) -> Chain | None:
    """The way back from a clip of the organisation in scope; None where nothing is kept of it."""
    try:
        steps = chain_of(clip_id)
    except UnknownClipError:
        return None
    cards = tuple(_card(kind, list(found)) for (kind, _), found in groupby(steps, key=_card_of))
    return Chain(cards, words.provable(Counter(step.standing for step in steps)))


def _card_of(step: Step) -> tuple[str, UUID | None]:
    """All decisions share a card; a second consent has one of its own."""
    return step.kind, None if step.kind in _MANY else step.id


def _card(kind: str, steps: list[Step]) -> Card:
    lead = _lead(kind, steps)
    others = [step for step in steps if step is not lead]
    shown, folded = (others, []) if len(steps) <= MOST_OPEN else _parted(others)
    meaning, word = _state(kind, steps, lead)
    return Card(
        title=words.step(kind, len(steps)),
        address=_address(lead),
        meaning=meaning,
        word=word,
        said=_said(kind, steps, lead),
        lines=tuple(_line(step, leads=step is lead and len(steps) > 1) for step in (lead, *shown)),
        folded=tuple(_line(step, leads=False) for step in folded),
        more=_more(kind, folded),
        particulars=tuple(_particulars(kind, steps, lead)),
    )


def _lead(kind: str, steps: Sequence[Step]) -> Step:
    """What the rest of a card hangs on: the decision that permitted the clip, else what came first."""
    if kind == "decision":
        permitting = (
            step for step in steps if step.details["effect"] == "permit" and step.details["stage"] == "intake"
        )
        return next(permitting, steps[0])
    return steps[0]


def _parted(others: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """What stays in sight because it went wrong, the latest first, and what is folded, in its order."""
    troubled = [step for step in reversed(others) if _trouble(step)][:MOST_TROUBLED]
    return troubled, [step for step in others if step not in troubled]


def _trouble(step: Step) -> bool:
    refused = step.kind == "decision" and step.details["effect"] != "permit"
    return refused or step.standing == UNRECORDED or step.event in words.TROUBLE


def _line(step: Step, *, leads: bool) -> Line:
    meaning, word = words.TROUBLE.get(step.event, ("", ""))
    if step.kind == "decision":
        meaning, word = standing(step.details["effect"])
    return Line(
        what=_what(step, leads=leads),
        at=step.at,
        address=_address(step) if step.kind == "decision" else "",
        meaning=meaning,
        word=word,
        entry_id=step.entry_id,
        index=step.index,
        proof_meaning=standing(step.standing)[0],
        proof_word=words.IN_LOG[step.standing],
    )


def _what(step: Step, *, leads: bool) -> str:
    if step.kind == "decision":
        rules = ", ".join(plainly(rule) for rule in step.details["rules"])
        reason = "the permit rests on it" if leads and step.details["effect"] == "permit" else midway(rules)
        return f"At {step.details['stage']}{reason and ': '}{reason}"
    if step.event in words.DELIVERED:
        form = step.details.get("form", "").upper()
        return f"{words.DELIVERED[step.event]}{form and ' as '}{form}"
    return step.what


def _address(step: Step) -> str:
    page = _PAGES.get(step.kind)
    return reverse(page, args=[step.id]) if page else ""


def _state(kind: str, steps: Sequence[Step], lead: Step) -> tuple[str, str]:
    """How the card looks, and the word for it; empty where the step has no state."""
    if kind == "clip":
        return standing("unreleasable" if "unreleasable_reason" in lead.details else "releasable")
    if kind == "decision":
        return standing(lead.details["effect"])
    if "status" in lead.details:
        return standing(lead.details["status"])
    return ("deny" if any(step.event in words.TROUBLE for step in steps) else "neutral"), ""


def _said(kind: str, steps: Sequence[Step], lead: Step) -> str:
    details = lead.details
    if kind == "clip":
        return str(details.get("unreleasable_reason", ""))
    if kind == "request":
        return f"For {midway(plainly(details['purpose']))}, language {details['language']}."
    if kind == "consent":
        until = datetime.fromisoformat(details["valid_until"])
        purposes = ", ".join(midway(plainly(purpose)) for purpose in details["purposes"]) or "nothing any more"
        return f"For {purposes}, until {until.day} {until:%B %Y}."
    if kind == "decision" and len(steps) > 1:
        return f"The gate decided {len(steps)} times: {_effects(steps)}."
    if kind == "delivery":
        return words.deliveries(Counter(step.event for step in steps))
    return ""


def _effects(steps: Iterable[Step]) -> str:
    counted = Counter(standing(step.details["effect"])[1].lower() for step in steps)
    if len(counted) == 1:
        return f"all {next(iter(counted))}"
    return ", ".join(f"{count} {word}" for word, count in counted.items())


def _more(kind: str, folded: Sequence[Step]) -> str:
    if not folded:
        return ""
    if kind == "decision":
        stages = Counter(step.details["stage"] for step in folded)
        said = ", ".join(f"{count} at {stage}" for stage, count in stages.items())
        return f"{words.more(kind, len(folded))}: {said}; {_effects(folded)}"
    forms = Counter(step.details["form"].upper() for step in folded if "form" in step.details)
    said = ", ".join(f"{count} as {form}" for form, count in forms.items())
    return f"{words.more(kind, len(folded))}{said and ': '}{said}"


def _particulars(kind: str, steps: Sequence[Step], lead: Step) -> Iterator[Figure]:
    """What the row and its entries say; of many entries, what the first says and its line does not."""
    told: dict[str, Any] = {}
    for step in [lead] if kind in _MANY else steps:
        told |= {name: said for name, said in step.details.items() if said not in ("", [], {})}
    yield from figures({name: said for name, said in told.items() if name not in words.SAID_ON_CARD})
