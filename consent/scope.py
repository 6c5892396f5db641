"""The scope of a consent, and whether it covers a use: pure, so that every answer can be given again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """What a voice may be used for; a closed list, because a speaker cannot agree to what nobody can name."""

    ACCESSIBILITY = "accessibility"
    NARRATION = "narration"
    IVR = "ivr"
    GAMES = "games"
    MARKETING = "marketing"
    EDUCATION = "education"
    DUBBING = "dubbing"
    ASSISTANT = "assistant"


@dataclass(frozen=True)
class ConsentScope:
    """What a consent covers, and where it stands."""

    status: str
    purposes: frozenset[str]
    languages: frozenset[str]
    valid_until: datetime


def base_language(language: str) -> str:
    """The primary subtag of a BCP 47 tag: `en` of `en-GB`."""
    return language.replace("_", "-").split("-", maxsplit=1)[0].lower()


def is_active(scope: ConsentScope, *, at: datetime) -> bool:
    """Whether the speaker's yes stands at that moment, whatever it was said to."""
    return scope.status == "given" and at < scope.valid_until


def covers(scope: ConsentScope, *, purpose: str, language: str, at: datetime) -> tuple[str, ...]:
    """Every shortcoming of `scope` for that use; an empty tuple means that it is covered."""
    found = []
    if scope.status != "given":
        found.append("consent-not-given")
    if at >= scope.valid_until:
        found.append("consent-expired")
    if purpose not in scope.purposes:
        found.append("purpose-outside-scope")
    if base_language(language) not in scope.languages:
        found.append("language-outside-scope")
    return tuple(found)
