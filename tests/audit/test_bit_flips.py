"""One bit is flipped in what is stored: the verifiers find it, and find nothing once it is back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from pytest_django import Settings

from audit import stamping, storage
from audit.identity import verifier_keys
from audit.models import Checkpoint
from audit.notes import Ed25519Cosigner, MLDSA44Cosigner, Note
from audit.publishing import show
from audit.standalone import verify_log as standalone
from audit.verification import PATIENCE, Account, DamageError, verify_log
from audit.verification.statements import published
from tests.audit.private_log import PrivateLog
from tests.cast import found
from tests.time_authority import time_authority

SAMPLES = 8  # flips per kind; the seed is fixed, so that a failure comes again
ATTEMPTS = 400
FILES = [
    "checkpoint",
    "tile/0/000",
    "tile/0/001.p/16",
    "tile/0/001.p/19",
    "tile/1/000.p/1",
    "tile/entries/000",
    "tile/entries/001.p/16",
    "tile/entries/001.p/19",
]
COLUMNS = [
    *(("entry", column) for column in ("id", "event", "actor", "occurred_at", "refs", "data", "commitments")),
    *(("staged", column) for column in ("entry_id", "event", "occurred_at", "organisation_id", "commitments")),
    *(("leaf", column) for column in ("index", "entry_id", "leaf", "leaf_hash")),
    *(("logstate", column) for column in ("size", "root", "range")),
    *(("checkpoint", column) for column in ("root", "note", "cosigned")),
    *(("timestamp", column) for column in ("token", "token_hash", "granted_at")),
]


@pytest.fixture
def whole_log(private_log: PrivateLog, settings: Settings, tmp_path: Path) -> Iterator[PrivateLog]:
    """A log with everything that can be stored: full and partial tiles, cosignatures, a time-stamp, a waiting entry."""
    private_log.note_down(1, voice=private_log.ivo)
    private_log.grow(100)
    private_log.grow(170)
    size = private_log.grow(3)
    witnesses = (Ed25519Cosigner("one.example/w", bytes(32)), MLDSA44Cosigner("two.example/w", bytes(32)))
    settings.LOG_POLICY_FILE = tmp_path / "policy"
    lines = [f"witness w{number} {witness.key}\n" for number, witness in enumerate(witnesses)]
    settings.LOG_POLICY_FILE.write_text(f"{''.join(lines)}group both all w0 w1\nquorum both\n")
    note = Note.parse(storage.read("checkpoint"))
    cosigned = note.with_signatures(witness.sign(note.text, at=1_800_000_000) for witness in witnesses).format()
    Checkpoint.objects.filter(size=size).update(cosigned=cosigned, witnessed=True)
    show(size, cosigned)
    with time_authority() as authority:
        settings.TIMESTAMP_ROOTS = tmp_path / "roots.pem"
        settings.TIMESTAMP_ROOTS.write_bytes(authority.pem())
        settings.TIMESTAMP_AUTHORITIES = [authority.url]
        assert (stamping.stage(), stamping.attempt_due()) == (1, 1)
        private_log.note_down(2)
        yield private_log


def flip_bytes(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8 % len(raw)] ^= 1 << bit % 8
    return bytes(changed)


def flipped(value: Any, bit: int) -> Any:  # noqa: PLR0911 - one for each type
    """The value with one bit of it changed, as far as its type can say it; raises `ValueError` where it cannot."""
    match value:
        case bytes():
            return flip_bytes(value, bit)
        case str():
            return flip_bytes(value.encode(), bit).decode()
        case bool():
            return not value
        case int():
            return value ^ 1 << bit % 40
        case UUID():
            return UUID(bytes=flip_bytes(value.bytes, bit))
        case datetime():
            return value + timedelta(microseconds=1 << bit % 50)
        case dict():
            changed = json.loads(flipped(json.dumps(value), bit))
            if changed == value or not isinstance(changed, dict):
                raise ValueError("no change, or no object any more")
            return Jsonb(changed)
    raise TypeError(type(value))


def flips(owner: psycopg.Connection[Any], table: str, column: str) -> Iterator[tuple[Any, Any]]:
    """Flips one bit in one row after another, gives old and new value, and puts each back."""
    chance, done = random.Random(f"{table}.{column}"), 0  # noqa: S311 - sampling
    names = {"table": sql.Identifier(f"audit_{table}"), "column": sql.Identifier(column)}
    change = sql.SQL("UPDATE {table} SET {column} = %s WHERE ctid = %s RETURNING ctid").format(**names)
    for _ in range(ATTEMPTS):
        rows = owner.execute(sql.SQL("SELECT ctid, {column} FROM {table}").format(**names)).fetchall()
        place, value = chance.choice([row for row in rows if row[1] not in (b"", "")])
        try:
            changed = flipped(value, chance.randrange(2**31))
            (moved,) = owner.execute(change, [changed, place]).fetchone() or ()
        except (ValueError, OverflowError, psycopg.DataError, psycopg.IntegrityError):
            continue  # nothing that this column can hold: the database itself refuses it
        yield value, changed
        owner.execute(change, [Jsonb(value) if isinstance(value, dict) else value, moved])
        done += 1
        if done == SAMPLES:
            return
    pytest.fail(f"only {done} flips of {table}.{column} could be stored")


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[".".join(pair) for pair in COLUMNS])
def test_a_flipped_bit_in_the_database_is_found(whole_log: PrivateLog, table: str, column: str) -> None:
    with whole_log.tampering() as owner:
        for constraint in ("event_is_subject_part_action", "actor_names_no_person"):  # they would refuse most flips
            owner.execute(f"ALTER TABLE audit_entry DROP CONSTRAINT {constraint}".encode())
        for value, changed in flips(owner, table, column):
            with pytest.raises(DamageError):
                verify_log()
                pytest.fail(f"{value!r} became {changed!r}")
    assert verify_log().timestamps == 1


def test_a_mark_as_witnessed_that_nothing_supports_is_found(whole_log: PrivateLog) -> None:
    """The other way round, a witnessed checkpoint that is not marked so, claims too little and is no damage."""
    for row in Checkpoint.objects.filter(witnessed=False):
        Checkpoint.objects.filter(size=row.size).update(witnessed=True)
        with pytest.raises(DamageError, match="marked as witnessed"):
            verify_log()
        Checkpoint.objects.filter(size=row.size).update(witnessed=False)


def test_an_entry_that_is_given_to_another_organisation_is_found(whole_log: PrivateLog) -> None:
    rival = found("Rival")
    with whole_log.tampering() as owner:
        owner.execute("UPDATE audit_entry SET organisation_id = %s WHERE refs ? 'speaker'", [rival.id])
    with pytest.raises(DamageError, match=r"Entry .* and leaf"):
        verify_log(openings=False)


def test_a_flipped_bit_in_a_published_file_is_found_by_both_verifiers(
    whole_log: PrivateLog, settings: Settings
) -> None:
    files = {str(path.relative_to(whole_log.folder)): path for path in whole_log.folder.rglob("*") if path.is_file()}
    assert sorted(files) == sorted(FILES)
    assert outsider_agrees(whole_log, settings)
    for name, path in files.items():
        whole, chance = path.read_bytes(), random.Random(name)  # noqa: S311 - sampling
        for bit in [0, len(whole) * 8 - 1, *(chance.randrange(len(whole) * 8) for _ in range(SAMPLES))]:
            path.write_bytes(flip_bytes(whole, bit))
            assert not outsider_agrees(whole_log, settings), f"bit {bit} of {name}"
            with pytest.raises(DamageError):
                verify_log(openings=False)
                pytest.fail(f"bit {bit} of {name}")
        path.write_bytes(whole)
    assert outsider_agrees(whole_log, settings)
    assert verify_log().timestamps == 1


def test_bits_all_over_the_checkpoint_count(whole_log: PrivateLog) -> None:
    """The smallest published file is the one from which all the others hang: a bit in every fourth byte of it."""
    path = whole_log.folder / "checkpoint"
    whole = path.read_bytes()
    for bit in range(0, len(whole) * 8, 31):
        path.write_bytes(flip_bytes(whole, bit))
        with pytest.raises(DamageError):
            published(Account(), patience=PATIENCE)
            pytest.fail(f"bit {bit}")
    path.write_bytes(whole)
    assert published(Account(), patience=PATIENCE) == 275


def outsider_agrees(log: PrivateLog, settings: Settings) -> bool:
    """The stand-alone verifier, with each key of the log on its own and a policy that asks for both witnesses."""
    trust = ["--policy", str(settings.LOG_POLICY_FILE)]
    return not any(standalone.main(["log", str(log.folder), *trust, "--key", str(key)]) for key in verifier_keys())
