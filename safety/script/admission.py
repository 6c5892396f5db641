"""Turns away scripts that cannot be screened: too long, empty, or carrying control characters."""

from __future__ import annotations

import unicodedata

from safety.script.errors import ScriptError

_LAYOUT = frozenset("\t\n\r")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
_SPOKEN_CATEGORIES = frozenset("LN")


def admit(text: str, *, limit: int) -> None:
    """Raise `ScriptError` unless `text` has 1 to `limit` characters, all of which can be read aloud or laid out."""
    if len(text) > limit:
        raise ScriptError(
            "script-too-long",
            f"The script has {len(text)} characters and at most {limit} are allowed; split it into several requests.",
        )
    for position, character in enumerate(text):
        if unicodedata.category(character) in _REFUSED_CATEGORIES and character not in _LAYOUT:
            raise ScriptError(
                "script-control-characters",
                f"The script holds the control character U+{ord(character):04X} at position {position}; remove it.",
            )
    if not any(unicodedata.category(character)[0] in _SPOKEN_CATEGORIES for character in text):
        raise ScriptError("script-empty", "The script holds no letter and no digit to speak; write some words.")
