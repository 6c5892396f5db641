"""What people are shown and asked to say has to be plain: no hidden signs, and names made of letters."""

from __future__ import annotations

import unicodedata

_SPACES = frozenset("\t\n\r")
_JOINERS = frozenset("\u200c\u200d")  # they shape letters, and no reader is misled by them
_UNUSABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # control, format, surrogate, private use
_MOST_MARKS = 4


def hidden_signs(text: str) -> list[str]:
    """The code points in `text` that nobody sees, or that change what is seen around them, as `U+202E`; sorted."""
    found = {sign for sign in text if sign not in _SPACES | _JOINERS and unicodedata.category(sign) in _UNUSABLE}
    return sorted(f"U+{ord(sign):04X}" for sign in found)


def piled_marks(text: str) -> bool:
    """Whether more marks stand on one letter than any script of the living needs."""
    run = 0
    for sign in unicodedata.normalize("NFC", text):
        run = run + 1 if unicodedata.category(sign) in {"Mn", "Me"} else 0
        if run > _MOST_MARKS:
            return True
    return False


def can_be_said(name: str) -> bool:
    """Whether there is a letter in `name` at all: a picture or a number alone names nobody."""
    return any(unicodedata.category(sign)[0] == "L" for sign in unicodedata.normalize("NFKC", name))
