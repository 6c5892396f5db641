"""Whoever holds the database, its triggers and the log's keys can rewrite everything, and is found out by a witness."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from audit import identity, leaves, storage
from audit.errors import WitnessConflictError
from audit.merkle import CompactRange, consistency_proof, leaf_hash
from audit.models import Checkpoint, Entry
from audit.notes import Note
from audit.publishing import publish
from audit.queries import tile_reader
from audit.standalone import verify_log as standalone
from audit.verification import verify_log
from audit.witness import client
from audit.witnessing import collect
from tenancy.keyring import ledger_salt
from tenancy.scope import organisation_scope
from tests.audit.private_log import PrivateLog
from tests.witnesses import RunningWitness, running_witness

ALTERED = {"take": 0, "score": 0.99}


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[RunningWitness]:
    log = (configured.LOG_ORIGIN, identity.verifier_keys())
    with running_witness(tmp_path / "w1", "witness.example/w1", logs=[log]) as running:
        yield running


@pytest.fixture
def watched_log(private_log: PrivateLog, witness: RunningWitness, settings: Settings, tmp_path: Path) -> PrivateLog:
    """A log whose checkpoint the witness has cosigned."""
    settings.LOG_POLICY_FILE = tmp_path / "policy"
    settings.LOG_POLICY_FILE.write_text(f"{witness.policy_lines()}quorum {witness.name}\n")
    size = private_log.grow(300)
    assert collect(size)
    assert verify_log().witnessed == 1
    return private_log


def rewrite(log: PrivateLog, *, index: int) -> None:
    """Makes the log say that it was always so: entry, commitment, leaf, hashes, state, tiles, and a new signature."""
    with log.tampering() as owner:
        (entry_id,) = owner.execute("SELECT entry_id FROM audit_leaf WHERE index = %s", [index]).fetchone() or ()
        with organisation_scope(log.northwind.id, actor="system"):
            entry = Entry.objects.get(pk=entry_id)
            committed = leaves.payload(entry.actor, ALTERED, entry.refs)
            commitment = leaves.commitment(committed, salt=ledger_salt(log.amara, event_id=entry_id))
        forged = leaves.leaf(
            event_id=entry_id,
            event=entry.event,
            occurred_at=entry.occurred_at,
            organisation_tag=leaves.organisation_tag(entry.organisation_id),
            commitments=[commitment],
        )
        owner.execute(
            "UPDATE audit_entry SET data = %s, commitments = %s WHERE id = %s",
            [json.dumps(ALTERED), commitment, entry_id],
        )
        owner.execute(
            "UPDATE audit_leaf SET leaf = %s, leaf_hash = %s WHERE index = %s", [forged, leaf_hash(forged), index]
        )
        hashes = owner.execute("SELECT leaf_hash FROM audit_leaf ORDER BY index").fetchall()
        grown = CompactRange().extend(bytes(row[0]) for row in hashes)
        owner.execute("UPDATE audit_logstate SET root = %s, range = %s", [grown.root(), grown.to_bytes()])
        owner.execute("DELETE FROM audit_checkpoint")
    shutil.rmtree(log.folder)
    publish()


def test_verification_alone_cannot_see_a_rewrite_that_is_complete(watched_log: PrivateLog) -> None:
    rewrite(watched_log, index=7)
    account = verify_log()
    assert (account.leaves, account.witnessed) == (301, 0)
    assert "No witness vouches for any of it" in account.lines()[-1]


def test_a_witness_refuses_another_log_of_the_size_that_it_saw(
    watched_log: PrivateLog, witness: RunningWitness, caplog: pytest.LogCaptureFixture
) -> None:
    rewrite(watched_log, index=7)
    with caplog.at_level(logging.ERROR, logger="audit.witnessing"):
        assert not collect(301)
    assert "contradicted by a witness" in caplog.text
    row = Checkpoint.objects.get(size=301)
    assert (row.cosigned, row.witnessed) == ("", False)


def test_a_witness_refuses_a_rewritten_log_that_has_grown(watched_log: PrivateLog, witness: RunningWitness) -> None:
    rewrite(watched_log, index=7)
    size = watched_log.grow(5)
    assert not collect(size)
    reader = tile_reader(size)
    with pytest.raises(WitnessConflictError):
        client.ask(
            witness.url,
            Note.parse(Checkpoint.objects.get(size=size).note),
            keys=witness.keys,
            proof_from=lambda old: consistency_proof(old, size, node=reader.node),
        )


def test_a_log_that_only_grew_is_cosigned_further(watched_log: PrivateLog) -> None:
    assert collect(watched_log.grow(5))
    assert verify_log().witnessed == 2


def test_whoever_kept_an_earlier_checkpoint_sees_the_rewrite_without_us(
    watched_log: PrivateLog, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(storage.read("checkpoint"))
    keys = [word for key in identity.verifier_keys() for word in ("--key", str(key))]
    watched_log.grow(5)
    assert standalone.main(["log", str(watched_log.folder), "--earlier", str(kept), *keys]) == 0
    rewrite(watched_log, index=7)
    assert standalone.main(["log", str(watched_log.folder), *keys]) == 0
    assert standalone.main(["log", str(watched_log.folder), "--earlier", str(kept), *keys]) == 1
