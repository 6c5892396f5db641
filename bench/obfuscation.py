"""The disguises that the script benchmark puts on hostile prompts, one function each."""

from __future__ import annotations

from collections.abc import Callable

_LEET = str.maketrans("aeiost", "431057")
_CYRILLIC = str.maketrans("aeopcxyi", "аеорсхуі")
_LONG_ENOUGH_TO_SPLIT = 4


def leet(text: str) -> str:
    return text.translate(_LEET)


def cyrillic(text: str) -> str:
    return text.translate(_CYRILLIC)


def fullwidth(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def bold(text: str) -> str:
    """Mathematical bold letters."""
    return "".join(
        chr(0x1D400 + ord(letter) - ord("A"))
        if "A" <= letter <= "Z"
        else chr(0x1D41A + ord(letter) - ord("a"))
        if "a" <= letter <= "z"
        else letter
        for letter in text
    )


def zero_width(text: str) -> str:
    return "\u200b".join(text)


def struck_through(text: str) -> str:
    return "".join(f"{letter}\u0336" if letter.isalpha() else letter for letter in text)


def spaced(text: str) -> str:
    """Every letter alone, two more spaces between words."""
    return "   ".join(" ".join(word) for word in text.split())


def evenly_spaced(text: str) -> str:
    """Every letter alone, and nothing to tell where words end."""
    return " ".join(letter for letter in text if not letter.isspace())


def dotted(text: str) -> str:
    return " ".join(".".join(word) for word in text.split())


def hyphenated(text: str) -> str:
    return " ".join(
        f"{word[: len(word) // 2]}-{word[len(word) // 2 :]}" if len(word) >= _LONG_ENOUGH_TO_SPLIT else word
        for word in text.split()
    )


def run_together(text: str) -> str:
    return "".join(text.split())


def drawn_out(text: str) -> str:
    """The last letter of every word of some length said four times over."""
    return " ".join(
        f"{word}{word[-1] * 3}" if len(word) >= _LONG_ENOUGH_TO_SPLIT and word[-1].isalpha() else word
        for word in text.split()
    )


def combined(text: str) -> str:
    """Leet, then Cyrillic, then zero-width spaces."""
    return zero_width(cyrillic(leet(text)))


def plain(text: str) -> str:
    return text


OBFUSCATIONS: tuple[Callable[[str], str], ...] = (
    plain, leet, cyrillic, fullwidth, bold, zero_width, struck_through, spaced, evenly_spaced, dotted, hyphenated,
    run_together, drawn_out, combined,
)  # fmt: skip
