"""Reads letters of other scripts as Latin ones: by how they look, and by how they sound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).resolve().parent.parent / "data" / "confusables.tsv"
_ENCLOSED_ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6)  # negative circled, negative squared, regional indicators
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Confusables:
    """Two tables for `str.translate`."""

    looks: dict[int, str]
    sounds: dict[int, str]


@cache
def confusables() -> Confusables:
    looks: dict[int, str] = {}
    sounds: dict[int, str] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        character, look, sound = line.split("\t")
        looks[ord(character)] = look
        sounds[ord(character)] = sound
        upper = character.upper()
        if len(upper) == 1:
            looks.setdefault(ord(upper), look)
            sounds.setdefault(ord(upper), sound)
    enclosed = {start + i: letter for start in _ENCLOSED_ALPHABETS for i, letter in enumerate(_LETTERS)}
    return Confusables(looks=looks | enclosed, sounds=sounds | enclosed)
