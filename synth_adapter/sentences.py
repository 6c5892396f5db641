"""Cutting a text into pieces short enough for an engine to say in one breath."""

from __future__ import annotations

import re
from collections.abc import Sequence

# After a sentence, a clause, a word: each is tried only on what the one before left too long.
_BOUNDARIES = (re.compile(r"(?<=[.!?…])[\"'”’)]*\s+"), re.compile(r"(?<=[,;:—])\s*"), re.compile(r"\s+"))


def split(text: str, *, longest: int) -> list[str]:
    """Pieces of at most `longest` characters, cut at sentence ends, else at clauses, else at words."""
    return _split(" ".join(text.split()), longest, _BOUNDARIES)


def _split(text: str, longest: int, boundaries: Sequence[re.Pattern[str]]) -> list[str]:
    if len(text) <= longest:
        return [text] if text else []
    if not boundaries:
        return [text[start : start + longest] for start in range(0, len(text), longest)]
    parts = [part for whole in _cut(text, boundaries[0]) for part in _split(whole, longest, boundaries[1:])]
    return _packed(parts, longest)


def _cut(text: str, boundary: re.Pattern[str]) -> list[str]:
    ends = [found.end() for found in boundary.finditer(text)]
    return [text[start:end].strip() for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _packed(parts: Sequence[str], longest: int) -> list[str]:
    packed: list[str] = []
    for part in filter(None, parts):
        if packed and len(packed[-1]) + 1 + len(part) <= longest:
            packed[-1] = f"{packed[-1]} {part}"
        else:
            packed.append(part)
    return packed
