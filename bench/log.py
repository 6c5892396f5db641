"""The log's speed: appending against a plain INSERT and a hash chain, sequencing, time to proof, proofs, verification.

`make bench` runs it with the rest; `python -m bench.log` runs it alone. PostgreSQL waits for the disk at each commit.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from bench.figures import Figure, of_mean, report
from tests.services import start_test_services

if TYPE_CHECKING:
    from bench.log_clients import Rows

ROUNDS = 4
ROUND_S = 1.5
CLIENTS = (1, 16, 64)
LATER_S = 0.005  # what a request still does after it has written its entry
WAITING = 40_000  # entries that the sequencer finds
PACE_PER_S, PACED_S, PACING_CLIENTS = 200, 8.0, 8
SETTLED_S = 3.0  # nothing new was published for so long: all is
PROOFS = 1_000
BULK = """
    INSERT INTO audit_entry (id, organisation_id, event, actor, refs, data, commitments)
    SELECT gen_random_uuid(), %s, 'synthesis:gate:decided', 'system', '{}', '{}', sha256(number::text::bytea)
    FROM generate_series(1, %s) AS number
"""


def measure_log() -> list[Figure]:
    """Every figure of the log, in one run on one database."""
    from bench.log_clients import Rows, make_tables  # noqa: PLC0415 -- needs Django, which needs the services
    from consent.models import Speaker  # noqa: PLC0415 -- likewise
    from tenancy import organisations  # noqa: PLC0415 -- likewise
    from tenancy.scope import organisation_scope  # noqa: PLC0415 -- likewise

    organisation = organisations.create(name="Bench log", slug="bench-log")
    with organisation_scope(organisation.id, actor="system"):
        speaker = Speaker.objects.create(organisation=organisation, name="Nobody")
    rows = Rows(organisation.id, speaker.id)
    make_tables(os.environ["DATABASE_OWNER_URL"])
    return [*_appending(rows), *_sequencing(rows), *_proving(), *_becoming_provable(rows)]


def _appending(rows: Rows) -> Iterator[Figure]:
    for clients in CLIENTS:
        speed = _compare(("append", "plain", "person", "chain"), clients=clients, rows=rows)
        name = f"append, {clients} client{'s' if clients > 1 else ''}"
        yield of_mean(f"{name}: entries per second", speed["append"], unit="1/s", goal=None, direction="at least")
        yield _ratio(f"{name} / plain INSERT", speed["append"], speed["plain"], goal=0.9)
        yield _ratio(f"{name}, about a person / plain INSERT", speed["person"], speed["plain"], goal=0.9)
        goal = 5.0 if clients == CLIENTS[-1] else None
        yield _ratio(f"{name} / locked hash chain", speed["append"], speed["chain"], goal=goal)
    slow = _compare(("append", "chain"), clients=CLIENTS[-1], rows=rows, later_s=LATER_S)
    name = f"append, {CLIENTS[-1]} clients, 5 ms of later work / locked hash chain"
    yield _ratio(name, slow["append"], slow["chain"], goal=5.0)


def _compare(ways: tuple[str, ...], *, clients: int, rows: Rows, later_s: float = 0.0) -> dict[str, list[float]]:
    from bench.log_clients import Round, run  # noqa: PLC0415 -- needs Django, which needs the services

    order = [way for number in range(ROUNDS) for way in (ways if number % 2 == 0 else ways[::-1])]
    speeds = run([Round(way, ROUND_S, later_s) for way in order], clients=clients, rows=rows)
    return {way: [speed for each, speed in zip(order, speeds, strict=True) if each == way] for way in ways}


def _ratio(name: str, ours: list[float], theirs: list[float], *, goal: float | None) -> Figure:
    """Ours over theirs, all rounds together (a mean of ratios would flatter); the interval by resampling rounds."""
    pairs = np.array([ours, theirs])
    drawn = pairs[:, np.random.default_rng(0).integers(0, len(ours), size=(2_000, len(ours)))].sum(axis=2)
    low, high = np.percentile(drawn[0] / drawn[1], [2.5, 97.5])
    value = float(pairs[0].sum() / pairs[1].sum())
    return Figure(name, value, "ratio", goal, "at least", len(ours), (float(low), float(high)))


def _sequencing(rows: Rows) -> Iterator[Figure]:
    from django.db import connection  # noqa: PLC0415 -- needs the services' addresses

    from audit.publishing import publish  # noqa: PLC0415 -- likewise
    from audit.sequencer import BATCH, sequence_once  # noqa: PLC0415 -- likewise
    from tenancy.scope import organisation_scope  # noqa: PLC0415 -- likewise

    with organisation_scope(rows.organisation_id, actor="system"), connection.cursor() as cursor:
        cursor.execute(BULK, [rows.organisation_id, WAITING])
    speeds, logged = [], BATCH
    while logged == BATCH:
        started = time.perf_counter()
        logged = sequence_once()
        if logged == BATCH:
            speeds.append(logged / (time.perf_counter() - started))
    yield of_mean("sequencer: entries per second", speeds, unit="1/s", goal=5_000, direction="at least")
    started = time.perf_counter()
    checkpoint = publish()
    size = checkpoint.size if checkpoint else 0
    speed = size / (time.perf_counter() - started)
    yield of_mean("first publication: entries per second", [speed], unit="1/s", goal=None, direction="at least")


def _proving() -> Iterator[Figure]:
    """Making and checking proofs in the log as it stands, beside the SHA-256 that they cannot do without."""
    from audit.merkle import inclusion_proof, leaf_hash, verify_inclusion  # noqa: PLC0415 -- as above
    from audit.queries import latest_checkpoint, tile_reader  # noqa: PLC0415 -- likewise

    checkpoint = latest_checkpoint()
    if checkpoint is None:
        raise RuntimeError("Nothing was published.")
    size, root = checkpoint.size, checkpoint.root
    reader = tile_reader(size)
    chosen = sorted(Random(0).choices(range(size), k=PROOFS))  # noqa: S311 -- no secret
    started = time.perf_counter()
    proofs = [inclusion_proof(index, size, node=reader.node) for index in chosen]
    making = PROOFS / (time.perf_counter() - started)
    hashes = [leaf_hash(reader.leaf(index)) for index in chosen]
    bare = _seconds_of_bare_hashing(sum(len(proof) for proof in proofs))
    started = time.perf_counter()
    for index, hashed, proof in zip(chosen, hashes, proofs, strict=True):
        verify_inclusion(hashed, index=index, size=size, proof=proof, root=root)
    checking = time.perf_counter() - started
    name = f"inclusion in a log of {size:,}"
    yield of_mean(f"{name}: proofs made per second", [making], unit="1/s", goal=None, direction="at least")
    yield of_mean(
        f"{name}: proofs checked per second", [PROOFS / checking], unit="1/s", goal=None, direction="at least"
    )
    yield of_mean(f"{name}: checking / bare SHA-256", [checking / bare], unit="ratio", goal=None, direction="at most")
    yield from _verifying(size)


def _verifying(size: int) -> Iterator[Figure]:
    """The stand-alone verifier over a whole copy, beside the SHA-256 of its leaves and inner nodes."""
    from django.conf import settings  # noqa: PLC0415 -- as above

    from audit.identity import verifier_keys  # noqa: PLC0415 -- likewise
    from audit.queries import tile_reader  # noqa: PLC0415 -- likewise
    from audit.standalone import verify_log  # noqa: PLC0415 -- likewise

    folder = Path(settings.STORAGES["log"]["OPTIONS"]["location"])
    keys = [word for key in verifier_keys() for word in ("--key", str(key))]
    started = time.perf_counter()
    with redirect_stdout(StringIO()):
        failed = verify_log.main(["log", *keys, str(folder)])
    took = time.perf_counter() - started
    if failed:
        raise RuntimeError("The stand-alone verifier refused the log that was just made.")
    reader = tile_reader(size)
    leaves = [reader.leaf(index) for index in range(size)]
    started = time.perf_counter()
    for leaf in leaves:
        hashlib.sha256(leaf).digest()
    bare = time.perf_counter() - started + _seconds_of_bare_hashing(size)
    yield of_mean("full verification: entries per second", [size / took], unit="1/s", goal=None, direction="at least")
    name = "full verification (stand-alone) / bare SHA-256"
    yield of_mean(name, [took / bare], unit="ratio", goal=None, direction="at most")


def _seconds_of_bare_hashing(nodes: int) -> float:
    """How long Python's SHA-256 takes over so many inner nodes, 65 bytes each."""
    node = bytes(65)
    started = time.perf_counter()
    for _ in range(nodes):
        hashlib.sha256(node).digest()
    return time.perf_counter() - started


def _becoming_provable(rows: Rows) -> Iterator[Figure]:
    """From an acknowledged entry to a published checkpoint that covers it, while the sequencer is on duty."""
    from django.db import connections  # noqa: PLC0415 -- as above

    from audit.duty import Report, serve  # noqa: PLC0415 -- likewise
    from audit.listing import places  # noqa: PLC0415 -- likewise
    from audit.storage import published_size  # noqa: PLC0415 -- likewise
    from bench.log_clients import pace  # noqa: PLC0415 -- likewise

    connections.close_all()
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    duty = context.Process(target=serve, args=(stop,), kwargs={"tell": int, "report": Report(None)})
    duty.start()
    pending = pace(PACE_PER_S, seconds=PACED_S, clients=PACING_CLIENTS, rows=rows)
    seen = [(time.time(), published_size())]
    while not pending.ready() or time.time() < seen[-1][0] + SETTLED_S:
        if (size := published_size()) > seen[-1][1]:
            seen.append((time.time(), size))
        time.sleep(0.01)
    stop.set()
    duty.join()
    acknowledged = [pair for client in pending.get() for pair in client]
    index_of = places(entry_id for entry_id, _ in acknowledged)
    waits = sorted(
        next(at for at, size in seen if size > index_of[entry_id]) - acknowledged_at
        for entry_id, acknowledged_at in acknowledged
    )
    name = f"acknowledged to provable at {PACE_PER_S} entries per second"
    for share, goal in ((50, None), (99, 3.0)):
        value = waits[min(len(waits) - 1, len(waits) * share // 100)]
        yield Figure(f"{name}: p{share}", value, "s", goal, "at most", len(waits), (waits[0], waits[-1]))


def main() -> int:
    """Measure the log alone, print, and write beside the other results."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
    os.environ["VIVAVOCE_TESTING"] = "1"
    services = start_test_services(durable=True)
    try:
        import django  # noqa: PLC0415 -- only after the services' addresses stand in the environment

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415 -- likewise

        call_command("migrate", database="owner", verbosity=0)
        figures = measure_log()
    finally:
        services.stop()
    destination = Path(__file__).resolve().parent / "log-results.json"
    report(figures, title="The log", destination=destination)
    return 0


if __name__ == "__main__":
    sys.exit(main())
