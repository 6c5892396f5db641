"""Imports a list of people from a table (CSV) with a folder of recordings beside it."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from django.utils import timezone

from safety import names
from safety.comparison import VoiceEmbedding, mean_of
from safety.errors import ComparisonError, ProtectionError, SpeechError
from safety.hearing import embed_voice
from safety.lists import Person
from safety.ports import SpeakerEncoder
from synth_adapter.decoding import decode
from synth_adapter.errors import AudioError

REQUIRED = ("name", "reason", "recording")
OPTIONAL = ("aliases", "source", "action", "expires")
SEPARATOR = ";"


@dataclass(frozen=True)
class Entry:
    """A person of the table, and their recordings; `line` is the first that names them."""

    line: int
    person: Person
    recordings: tuple[Path, ...]


def read_table(table: Path, *, folder: Path) -> list[Entry]:
    """Everybody in the table; lines with one name are one person, whose recordings make one reference.

    Columns: name, reason, recording (a file in `folder`), and as wished aliases (with semicolons between), source,
    action (deny or hold) and expires (a date such as 2030-12-31).

    Raises:
        ProtectionError: a column is missing, or a line cannot be used; the message names every such line.
    """
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(REQUIRED) - set(reader.fieldnames or ())
        if missing:
            raise ProtectionError(f"{table.name} has no column {', '.join(sorted(missing))}.")
        lines = [(reader.line_num, {key: (value or "").strip() for key, value in row.items() if key}) for row in reader]
    faults = [f"line {number}: {fault}" for number, row in lines for fault in _faults(row, folder)]
    if faults:
        raise ProtectionError(f"{table.name} cannot be imported. {'; '.join(faults)}.")
    together: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for number, row in lines:
        together[row["name"]].append((number, row))
    return [_entry(rows, folder) for rows in together.values()]


def hear(entry: Entry, *, encoders: Sequence[SpeakerEncoder]) -> VoiceEmbedding:
    """One reference of all of a person's recordings, the longer ones counting for more.

    Raises:
        ProtectionError: a recording cannot be decoded, or holds too little speech.
    """
    try:
        waveforms = [decode(recording.read_bytes()).waveform for recording in entry.recordings]
        voices = [embed_voice(waveform, encoders=encoders) for waveform in waveforms]
        return mean_of(voices, weights=[max(voice.seconds, 0.1) for voice in voices])
    except (AudioError, SpeechError, ComparisonError, OSError) as error:
        raise ProtectionError(f"line {entry.line}, {entry.person.name}: {error}") from error


def _faults(row: dict[str, str], folder: Path) -> Iterator[str]:
    yield from (f"{column} is empty" for column in REQUIRED if not row[column])
    if row["recording"] and not _inside(folder, row["recording"]):
        yield f"there is no recording {row['recording']} in the folder"
    if row.get("action") and row["action"] not in {"deny", "hold"}:
        yield f"action is deny or hold, not {row['action']}"
    if row["name"] and not names.keys(row["name"]):
        yield f"{row['name']} is no name"
    try:
        ends = _expires(row)
    except ValueError:
        yield f"expires is a date such as 2030-12-31, not {row['expires']}"
    else:
        if ends is not None and ends <= timezone.now():
            yield f"the protection would be over already: expires is {row['expires']}"


def _entry(rows: list[tuple[int, dict[str, str]]], folder: Path) -> Entry:
    number, first = rows[0]
    aliases = {alias.strip() for _, row in rows for alias in row.get("aliases", "").split(SEPARATOR) if alias.strip()}
    person = Person(
        name=first["name"],
        reason=first["reason"],
        action="hold" if first.get("action") == "hold" else "deny" if first.get("action") else None,
        aliases=tuple(sorted(aliases)),
        source=first.get("source", ""),
        expires_at=_expires(first),
    )
    return Entry(number, person, tuple(folder / row["recording"] for _, row in rows))


def _expires(row: dict[str, str]) -> datetime | None:
    """The end of the day that is named."""
    if not row.get("expires"):
        return None
    return datetime.combine(datetime.fromisoformat(row["expires"]).date(), time.max, tzinfo=UTC)


def _inside(folder: Path, name: str) -> bool:
    path = (folder / name).resolve()
    return path.is_file() and path.is_relative_to(folder.resolve())
