"""The first thing that is wrong, said so that a reader knows where, what was expected and what it may mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from audit.errors import LogError

Watch: TypeAlias = Callable[[str, int, int], None]
"""Told the stage, how much of it is done, and how much there is."""

_SHOWN = 200  # characters of a value in a message
_EXCERPT = 16  # bytes of a file in a message


class DamageError(LogError):
    """Something stored that is not what it must be: where it is, what was expected and found, what it may mean."""

    def __init__(self, where: str, *, expected: object, found: object, meaning: str) -> None:
        self.where, self.expected, self.found, self.meaning = where, _say(expected), _say(found), meaning
        super().__init__(f"{where}\n  expected: {self.expected}\n  found:    {self.found}\n  meaning:  {meaning}")


@dataclass
class Account:
    """What was looked at, when nothing was wrong; `erased` and `uncommitted` entries could not be opened."""

    leaves: int = 0
    files: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    witnessed: int = 0
    shown: int = 0
    entries: int = 0
    waiting: int = 0
    opened: int = 0
    erased: int = 0
    uncommitted: int = 0
    unopened: int = 0
    timestamps: int = 0
    recovered: int = 0

    def lines(self) -> list[str]:
        """The account in plain words."""
        commitments = (
            f"{self.opened} entries opened, {self.erased} of erased people can be opened by nobody, "
            f"{self.uncommitted} have none (written before there was a log), {self.unopened} not tried"
        )
        said = [
            f"{self.leaves} leaves, {self.files} tiles and entry bundles: the same in database and published files.",
            f"{self.checkpoints} checkpoints, {self.witnessed} of them witnessed, {self.cosignatures} cosignatures.",
            f"The published checkpoint speaks of {self.shown} entries.",
            f"{self.entries} entries: {self.waiting} wait for their place, every other one is its leaf.",
            f"Commitments: {commitments}.",
            f"{self.timestamps} time-stamps verified.",
        ]
        if self.recovered:
            said.append(
                f"{self.recovered} leaves have no entry: a restore took them over from the published log, and their "
                "entries were lost with the database before it."
            )
        if self.witnessed == 0:
            said.append("No witness vouches for any of it: whoever holds database and keys could have rewritten all.")
        return said


def difference(expected: bytes, found: bytes) -> tuple[str, str]:
    """Both around the first byte in which they differ, in hexadecimal, with their lengths."""
    pairs = zip(expected, found, strict=False)
    at = next((i for i, (one, other) in enumerate(pairs) if one != other), min(len(expected), len(found)))
    start = max(0, at - 4)
    return _excerpt(expected, start), _excerpt(found, start)


def _excerpt(raw: bytes, start: int) -> str:
    return f"{len(raw)} bytes, from byte {start}: {raw[start : start + _EXCERPT].hex() or 'nothing'}"


def _say(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
