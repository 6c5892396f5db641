"""Clients of the log's benchmark: processes that write one row per transaction, each in one of four ways, in turns.

Every way has the same envelope, `organisation_scope`, so that only the write itself differs; rounds of the ways
alternate, so that whatever else the machine does falls on all of them alike.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import multiprocessing.pool
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, connections

from audit.events import Event
from audit.log import append
from tenancy.ids import new_id
from tenancy.scope import organisation_scope

TABLES = (
    "CREATE SEQUENCE IF NOT EXISTS bench_place",
    "CREATE TABLE bench_plain (LIKE audit_entry INCLUDING ALL)",
    "ALTER TABLE bench_plain ALTER COLUMN sequence SET DEFAULT nextval('bench_place')",
    "CREATE TABLE bench_chain (LIKE bench_plain INCLUDING ALL, hash bytea NOT NULL)",
    "CREATE TABLE bench_head (id int PRIMARY KEY, hash bytea NOT NULL)",
    "INSERT INTO bench_head VALUES (1, sha256(''))",
)
COLUMNS = "id, organisation_id, event, actor, refs, data, commitments"
PLAIN = f"INSERT INTO bench_plain ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 - constants
CHAIN = f"INSERT INTO bench_chain ({COLUMNS}, hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 - likewise
EVENT = Event.SYNTHESIS_DECIDED
DATA: dict[str, object] = {"stage": "intake", "effect": "permit", "rules": [], "policy_version": "2026-11-21"}


@dataclass(frozen=True)
class Rows:
    """Whose rows are written, and the person whom those of the way `person` concern."""

    organisation_id: UUID
    speaker_id: UUID


@dataclass(frozen=True)
class Round:
    """One stretch of time in which all clients write in one way; `later_s` is the rest of their transaction."""

    way: str
    seconds: float
    later_s: float = 0.0


def make_tables(owner: str) -> None:
    """The plain table and the locked hash chain: audit_entry as it would be in any other table of a tenant.

    Same columns, checks, indexes, foreign key and row security; without what the log adds, which are its triggers.
    """
    with psycopg.connect(owner, autocommit=True) as server:
        for statement in TABLES:
            server.execute(statement)
        for table in ("bench_plain", "bench_chain"):
            server.execute(f"ALTER TABLE {table} ADD FOREIGN KEY (organisation_id) REFERENCES tenancy_organisation")
            _fence(server, table)
        for table in ("bench_plain", "bench_chain", "bench_head"):
            server.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO PUBLIC")
        server.execute("GRANT USAGE ON SEQUENCE bench_place TO PUBLIC")


def _fence(server: psycopg.Connection, table: str) -> None:
    """Gives a table the row security of audit_entry."""
    server.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    server.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    found = server.execute("SELECT policyname, cmd, qual, with_check FROM pg_policies WHERE tablename = 'audit_entry'")
    for name, command, using, check in found.fetchall():
        allowed = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
        server.execute(f'CREATE POLICY "{name}" ON {table} FOR {command}{allowed}')


def run(rounds: Sequence[Round], *, clients: int, rows: Rows) -> list[float]:
    """Rows per second of each round, with so many client processes."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    counts = context.Array("q", len(rounds))
    barrier = context.Barrier(clients)
    workers = [context.Process(target=_work, args=(rounds, rows, barrier, counts)) for _ in range(clients)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("A client of the benchmark failed; its error is above.")
    return [count / planned.seconds for count, planned in zip(counts, rounds, strict=True)]


def pace(per_second: int, *, seconds: float, clients: int, rows: Rows) -> multiprocessing.pool.AsyncResult[Any]:
    """Starts clients that append at a fixed pace; each of them gives identifier and time of what was acknowledged."""
    pool = multiprocessing.get_context("fork").Pool(clients)
    share = [(per_second / clients, seconds, rows)] * clients
    return pool.starmap_async(_paced, share, chunksize=1)


def _paced(per_second: float, seconds: float, rows: Rows) -> list[tuple[UUID, float]]:
    started, acknowledged = time.monotonic(), []
    for number in range(int(per_second * seconds)):
        time.sleep(max(0.0, started + number / per_second - time.monotonic()))
        with organisation_scope(rows.organisation_id, actor="system"):
            entry_id = append(EVENT, refs={"request": rows.organisation_id}, data=DATA)
        acknowledged.append((entry_id, time.time()))
    return acknowledged


def _work(rounds: Sequence[Round], rows: Rows, barrier: Barrier, counts: Any) -> None:
    for _ in range(3):
        _transact(WAYS["append"], rows, 0.0)  # the connection, and the organisation's secret in this process
    for place, planned in enumerate(rounds):
        write = WAYS[planned.way]
        barrier.wait(60)
        ends, done = time.perf_counter() + planned.seconds, 0
        while time.perf_counter() < ends:
            _transact(write, rows, planned.later_s)
            done += 1
        with counts.get_lock():
            counts[place] += done
    connections.close_all()


def _transact(write: Callable[[Rows], None], rows: Rows, later_s: float) -> None:
    with organisation_scope(rows.organisation_id, actor="system"):
        write(rows)
        if later_s:
            time.sleep(later_s)


def _append(rows: Rows) -> None:
    append(EVENT, refs={"request": rows.organisation_id, "voice": rows.speaker_id}, data=DATA)


def _append_about_person(rows: Rows) -> None:
    append(EVENT, refs={"request": rows.organisation_id, "speaker": rows.speaker_id}, data=DATA)


def _plain(rows: Rows) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PLAIN, _row(rows))


def _chain(rows: Rows) -> None:
    """The way of a hash chain: who writes waits for the head, until the one before has committed."""
    row = _row(rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash FROM bench_head WHERE id = 1 FOR UPDATE")
        (head,) = cursor.fetchone()
        linked = hashlib.sha256(bytes(head) + json.dumps(row[2:6]).encode()).digest()
        cursor.execute(CHAIN, [*row, linked])
        cursor.execute("UPDATE bench_head SET hash = %s WHERE id = 1", [linked])


def _row(rows: Rows) -> list[Any]:
    refs = json.dumps({"request": str(rows.organisation_id), "voice": str(rows.speaker_id)})
    return [new_id(), rows.organisation_id, EVENT.value, "system", refs, json.dumps(DATA), bytes(32)]


WAYS: dict[str, Callable[[Rows], None]] = {
    "append": _append,
    "person": _append_about_person,
    "plain": _plain,
    "chain": _chain,
}
