"""The letter that opens a subject access pack, in words that a twelve-year-old can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

FOLDERS = {
    "contact": "the address to which we send you mail",
    "ceremony-recordings": "what you read aloud to say yes",
    "representatives": "the papers of a person who said they may say yes for you",
    "samples": "the recordings from which your voice was learnt, with the words in them",
    "voice-in-numbers": "your voice as a list of numbers, which is how a computer knows you",
    "prepared-voices": "what the computer learnt so that it can speak like you; only a program can read it",
    "clips": "speech that was made with your voice",
    "withheld": "speech that was made with your voice and that we let no one have",
    "records": "all we wrote down: what you agreed to, each use that was asked for, and what we said to it",
    "audit": "our log of what was done, and proofs that no one can change it later",
}
LETTER = Path(__file__).with_name("access_letter.txt")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NOTHING_GONE = "What is gone\nNothing. All that we wrote down as kept is here."


def letter(
    *, organisation: str, name: str, at: datetime, files: Mapping[str, int], gone: Sequence[tuple[str, str]]
) -> str:
    """README.txt: `files` counts the files in each folder, `gone` pairs what is missing with the reason."""
    return LETTER.read_text(encoding="utf-8").format(
        organisation=organisation,
        name=name,
        day=f"{at.day} {_MONTHS[at.month - 1]} {at.year}",
        folders="\n".join(f"- {folder}: {_count(files.get(folder, 0))}; {what}." for folder, what in FOLDERS.items()),
        gone=_missing(gone),
    )


def _missing(gone: Sequence[tuple[str, str]]) -> str:
    if not gone:
        return NOTHING_GONE
    why: dict[str, int] = {}
    for _, reason in gone:
        kind = reason.partition(":")[0].rstrip(".")
        why[kind] = why.get(kind, 0) + 1
    lines = "\n".join(f"- {_count(count)}. {kind}." for kind, count in why.items())
    return f"What is gone\nThese are not here any more:\n{lines}"


def _count(number: int) -> str:
    return {0: "nothing", 1: "one file"}.get(number, f"{number} files")
