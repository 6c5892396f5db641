"""The way back from a clip in words: names of its steps, how provable they are, and what went wrong on the way."""

from __future__ import annotations

from collections.abc import Mapping

from audit.events import Event

_STEPS = {
    "clip": "The clip",
    "request": "The request",
    "decision": "The decision",
    "permit": "The permit",
    "consent": "The consent",
    "voice": "The voice",
    "delivery": "The delivery",
}
_SEVERAL = {"decision": ("decision", "decisions"), "delivery": ("delivery", "deliveries")}
IN_LOG = {
    "witnessed": "Witnessed",
    "unwitnessed": "Logged",
    "waiting": "Waiting",
    "unrecorded": "Not on record",
}
_PROVABLE = {
    "witnessed": "logged and witnessed",
    "unwitnessed": "logged, not witnessed yet",
    "waiting": "waiting for a place in the log",
    "unrecorded": "not on record",
}
TROUBLE: Mapping[str, tuple[str, str]] = {
    Event.CONSENT_NARROWED: ("hold", "Narrowed"),
    Event.CONSENT_SUPERSEDED: ("neutral", "Superseded"),
    Event.CONSENT_WITHDRAWN: ("deny", "Withdrawn"),
    Event.CONSENT_EXPIRED: ("deny", "Expired"),
    Event.VOICE_ERASED: ("neutral", "Erased"),
    Event.CLIP_RELEASE_REFUSED: ("deny", "Refused"),
    Event.CLIP_MADE_UNRELEASABLE: ("deny", "Stopped"),
}
"""How an entry looks that ends or limits what a step gave."""
SAID_ON_CARD = frozenset({"effect", "form", "rules", "stage", "status", "unreleasable_reason"})
DELIVERED: Mapping[str, str] = {
    Event.CLIP_RELEASED: "Handed out",
    Event.CLIP_RELEASE_REFUSED: "Asked for",
    Event.CLIP_MADE_UNRELEASABLE: "No longer released",
}
_DELIVERIES: Mapping[str, str] = {
    Event.CLIP_RELEASED: "handed out",
    Event.CLIP_RELEASE_REFUSED: "asked for and refused",
}


def step(kind: str, count: int) -> str:
    """The name of a step that has so many entries."""
    return f"The {_SEVERAL[kind][1]}" if kind in _SEVERAL and count > 1 else _STEPS[kind]


def more(kind: str, count: int) -> str:
    """What is folded: "10 more decisions", "1 more entry"."""
    one, several = _SEVERAL.get(kind, ("entry", "entries"))
    return f"{count} more {one if count == 1 else several}"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def provable(standings: Mapping[str, int]) -> str:
    """How much of a chain can be shown to others, the weakest last."""
    total = sum(standings.values())
    said = [(standings[standing], words) for standing, words in _PROVABLE.items() if standings.get(standing)]
    if standings.get("unrecorded") == total:
        return "No step of it is on record."
    if len(said) == 1:
        return f"All {total} entries are {said[0][1]}."
    return f"Of {total} entries {', '.join(f'{count} {_be(count)} {words}' for count, words in said)}."


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def deliveries(events: Mapping[str, int]) -> str:
    """How often a clip left, and whether it still does."""
    said = [f"{words} {times(events[event])}" for event, words in _DELIVERIES.items() if events.get(event)]
    said += ["stopped for good"] if events.get(Event.CLIP_MADE_UNRELEASABLE) else []
    return f"{', '.join(said).capitalize()}." if said else ""
