"""The facts of a stored decision as rows: what was known, what was not, and what fell short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance.console.wording import Figure, figures, plainly


def facts_as_rows(facts: Mapping[str, Any]) -> list[Figure]:
    """One row per fact in the order in which the rules ask; a fact that nobody could say is shown as not known."""
    return list(_rows(facts))


def _rows(facts: Mapping[str, Any]) -> Iterator[Figure]:
    consent = facts.get("consent")
    yield from figures({"asked_purpose": facts.get("purpose"), "asked_language": facts.get("language")})
    if consent is None:
        yield Figure("Consent", "Not known", known=False)
    else:
        yield from figures({"consent": consent})
    yield from figures({"voice_status": facts.get("voice_status")})
    yield from figures({"speaker's_key_present": facts.get("key_present")})
    yield _script(facts.get("script"))
    if facts.get("clip") is not None:
        yield from figures({"clip": {name: value for name, value in facts["clip"].items() if value != ""}})


def _script(found: Any) -> Figure:
    if found is None:
        return Figure("Script screen", "Not known", known=False)
    said = [f"{plainly(finding['rule'])} ({finding['severity']})" for finding in found]
    return Figure("Script screen", "; ".join(said) or "No finding")
