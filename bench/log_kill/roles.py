"""What the processes of the kill test do: prepare, append, keep the log, and examine what is left."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, connection

from audit import identity
from audit.errors import LogError, ProofError, TransparencyError
from audit.events import Event
from audit.log import append
from audit.merkle import consistency_proof, verify_consistency
from audit.models import Checkpoint as CheckpointRow
from audit.notes import Checkpoint, Note, verify
from audit.queries import latest_checkpoint, tile_reader
from audit.tiles import TileReader
from audit.verification import verify_log
from tenancy import organisations
from tenancy.scope import organisation_scope

PEOPLE = 5
WORK_S = 0.002


def prepare(folder: Path, _name: str) -> None:
    """Migrates the database and founds the organisation in whose name everything is appended."""
    call_command("migrate", database="owner", verbosity=0)
    organisation = organisations.create(name="Northwind", slug="northwind")
    people = [str(uuid4()) for _ in range(PEOPLE)]
    (folder / "cast.json").write_text(json.dumps({"organisation": str(organisation.id), "people": people}))


def worker(folder: Path, name: str) -> None:
    """Appends for ever, one to three entries in a transaction, and notes down what was tried and acknowledged."""
    cast = json.loads((folder / "cast.json").read_text())
    organisation_id, people = UUID(cast["organisation"]), [UUID(person) for person in cast["people"]]
    journal = os.open(folder / "journals" / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for turn in itertools.count():
        try:
            with organisation_scope(organisation_id, actor="system"):
                about = {"speaker": people[turn % PEOPLE], "voice": uuid4()}
                ids = [append(Event.VOICE_PREPARED, refs=about, data={"turn": turn}) for _ in range(turn % 3 + 1)]
                _note(journal, "tried", ids)
            _note(journal, "done", ids)
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.05)
        time.sleep(WORK_S)


def sequencer(_folder: Path, _name: str) -> None:
    """The very process that keeps the log."""
    call_command("sequence_audit_log")


def finish(_folder: Path, _name: str) -> None:
    """Logs and publishes what still waits."""
    call_command("sequence_audit_log", once=True, verbosity=0)


def examine(folder: Path, _name: str) -> None:
    """Writes down how what was acknowledged compares with what the published files hold."""
    tried, done = _journals(folder / "journals")
    latest = latest_checkpoint()
    if latest is None:
        raise LogError("Nothing was published: the test was too short to mean anything.")
    reader = tile_reader(latest.size)
    places = Counter(UUID(json.loads(reader.leaf(index))["id"]) for index in range(latest.size))
    doubtful = tried - done
    seen = [path.read_bytes() for path in sorted((folder / "checkpoints").iterdir())]
    found = {
        "acknowledged": len(done),
        "lost": len(done - set(places)),
        "duplicated": sum(count - 1 for count in places.values()),
        "unknown": sum(entry_id not in tried for entry_id in places) - 1,  # the founding of the organisation
        "in_doubt": len(doubtful),
        "in_doubt_logged": len(doubtful & set(places)),
        "checkpoints_seen": len(seen),
        "checkpoints_on_record": CheckpointRow.objects.count(),
        "inconsistent": sum(_contradicted(seen, reader)),
        "damage": _damage(),
    }
    (folder / "found.json").write_text(json.dumps(found))


def _note(journal: int, word: str, ids: list[UUID]) -> None:
    os.write(journal, f"{word} {' '.join(map(str, ids))}\n".encode())
    os.fsync(journal)


def _journals(folder: Path) -> tuple[set[UUID], set[UUID]]:
    """The identifiers that were tried, and those that were acknowledged; a line that was cut short says nothing."""
    found: dict[str, set[UUID]] = {"tried": set(), "done": set()}
    for path in folder.iterdir():
        for line in path.read_text().split("\n")[:-1]:
            word, *ids = line.split(" ")
            found[word].update(map(UUID, ids))
    return found["tried"], found["done"]


def _contradicted(seen: list[bytes], reader: TileReader) -> Iterator[bool]:
    """Of each checkpoint that anyone could see, whether it contradicts the one before, or the log at its end."""
    smaller: Checkpoint | None = None
    for raw in seen:
        try:
            note = Note.parse(raw)
            verify(note, identity.verifier_keys())
            larger = Checkpoint.parse(note.text)
            if smaller is not None:
                _demand_consistency(smaller, larger, reader)
        except TransparencyError:
            yield True
        else:
            smaller = larger
            yield False


def _demand_consistency(smaller: Checkpoint, larger: Checkpoint, reader: TileReader) -> None:
    if larger.size > reader.size:
        raise ProofError("The published log shrank.")
    verify_consistency(
        old_size=smaller.size,
        new_size=larger.size,
        old_root=smaller.root,
        new_root=larger.root,
        proof=consistency_proof(smaller.size, larger.size, node=reader.node),
    )


def _damage() -> str:
    try:
        verify_log()
    except LogError as error:
        return str(error)
    return ""


ROLES: dict[str, Callable[[Path, str], None]] = {
    role.__name__: role for role in (prepare, worker, sequencer, finish, examine)
}
