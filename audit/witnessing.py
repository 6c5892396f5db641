"""Gathers the cosignatures of the policy's witnesses under a published checkpoint; a silent witness delays nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import TypeAlias

from django.conf import settings
from django.db import connections, transaction

from audit import identity
from audit.errors import PolicyError, WitnessAheadError, WitnessConflictError, WitnessError
from audit.merkle import consistency_proof
from audit.models import Checkpoint
from audit.notes import Note, Signature, VerifierKey
from audit.policy import Policy, verify_checkpoint
from audit.publishing import show
from audit.queries import tile_reader
from audit.witness import client

ROUND_SECONDS = 10.0

Results: TypeAlias = "SimpleQueue[tuple[Signature, ...] | Exception]"

logger = logging.getLogger(__name__)


def read_policy() -> Policy:
    """The policy of `LOG_POLICY_FILE`; without one nobody is asked. Raises `PolicyError` when it cannot be read."""
    if settings.LOG_POLICY_FILE is None:
        return Policy()
    try:
        return Policy.parse(settings.LOG_POLICY_FILE.read_bytes())
    except OSError as error:
        raise PolicyError(f"LOG_POLICY_FILE cannot be read: {error}") from error


def collect(size: int) -> bool:
    """Asks every witness at once about the checkpoint of this size; whether a quorum has cosigned it.

    Returns as soon as there is a quorum, and after `ROUND_SECONDS` at the latest. What came is kept either way: a
    later call asks again, and a later checkpoint, which covers all that this one does, has its own chance.
    """
    policy = read_policy()
    addresses = _addresses(policy)
    row = Checkpoint.objects.filter(size=size).first()
    if row is None or row.witnessed or not addresses:
        return row is not None and row.witnessed
    gathered: list[Signature] = []
    for cosignatures in _answers(row, addresses):
        gathered += cosignatures
        if _record(size, gathered, policy=policy):
            return True
    return False


def collect_latest() -> bool:
    """`collect` for the latest checkpoint, so that one which missed its quorum gets it while the log is quiet."""
    latest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return latest is not None and collect(latest)


class BackgroundCollector:
    """Collects in a thread of its own, so that whoever publishes never waits; only the newest checkpoint counts."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: int | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="witnesses", daemon=True)
        self._thread.start()

    def offer(self, size: int) -> None:
        """The checkpoint of this size is published; returns at once."""
        with self._changed:
            self._wanted = size
            self._changed.notify()

    def stop(self, *, timeout: float = 2.0) -> None:
        """Ends after the round that is under way, and waits for it no longer than `timeout` seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while (size := self._next()) is not None:
            try:
                collect(size)
            except Exception:
                logger.exception("The witnesses could not be asked about checkpoint %d; the next one is.", size)
            finally:
                connections.close_all()

    def _next(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._wanted is not None)
            size, self._wanted = self._wanted, None
            return None if self._stopping else size


def _addresses(policy: Policy) -> dict[str, frozenset[VerifierKey]]:
    """The keys behind each URL: one witness may cosign under several."""
    keys: defaultdict[str, set[VerifierKey]] = defaultdict(set)
    for witness in policy.witnesses:
        if witness.url:
            keys[witness.url].add(witness.key)
    return {url: frozenset(found) for url, found in keys.items()}


def _answers(row: Checkpoint, addresses: Mapping[str, frozenset[VerifierKey]]) -> Iterator[tuple[Signature, ...]]:
    """What the witnesses answer, in the order in which they do, until the round is over."""
    earlier = Checkpoint.objects.filter(size__lt=row.size, witnessed=True).order_by("-size")
    guess = earlier.values_list("size", flat=True).first() or 0
    results: Results = SimpleQueue()
    for url, keys in addresses.items():
        threading.Thread(target=_ask, args=(url, row, keys, guess, results), daemon=True).start()
    end = time.monotonic() + ROUND_SECONDS
    for answered in range(len(addresses)):
        try:
            result = results.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            logger.warning("Checkpoint %d: %d witnesses did not answer in time.", row.size, len(addresses) - answered)
            return
        if isinstance(result, Exception):
            _complain(row.size, result)
        else:
            yield result


def _ask(url: str, row: Checkpoint, keys: frozenset[VerifierKey], guess: int, results: Results) -> None:
    """One witness, in a thread of its own that needs the published files and no database."""
    try:
        reader = tile_reader(row.size)

        def proof_from(old: int) -> list[bytes]:
            return consistency_proof(old, row.size, node=reader.node)

        results.put(client.ask(url, Note.parse(row.note), keys=keys, proof_from=proof_from, old_size=guess))
    except Exception as error:  # noqa: BLE001 - told to the thread that waits
        results.put(error)


def _complain(size: int, error: Exception) -> None:
    if isinstance(error, WitnessAheadError) and Checkpoint.objects.filter(size__gte=error.size).exists():
        logger.info("Checkpoint %d: a later one has been cosigned meanwhile.", size)
    elif isinstance(error, WitnessConflictError):
        logger.error("Checkpoint %d is contradicted by a witness; keep everything as evidence. %s", size, error)
    elif isinstance(error, WitnessError):
        logger.warning("Checkpoint %d has one cosignature less: %s", size, error)
    else:
        logger.error("Checkpoint %d: a witness could not be asked.", size, exc_info=error)


def _record(size: int, cosignatures: list[Signature], *, policy: Policy) -> bool:
    with transaction.atomic():
        row = Checkpoint.objects.select_for_update().get(size=size)
        note = Note.parse(row.cosigned or row.note).with_signatures(cosignatures)
        verified = verify_checkpoint(note, policy=policy.with_logs(identity.verifier_keys()))
        row.cosigned, row.witnessed = note.format(), row.witnessed or verified.witnessed
        row.save(update_fields=["cosigned", "witnessed"])
    show(size, row.cosigned)
    return row.witnessed
