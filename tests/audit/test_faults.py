"""Every step of storing fails once, before it took effect or after: nothing is lost, doubled or contradicted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.db.backends.postgresql.base import DatabaseWrapper

from audit import storage
from audit.folder import WholeFileStorage
from audit.merkle import consistency_proof, verify_consistency
from audit.models import Leaf
from audit.notes import Checkpoint, Note
from audit.publishing import publish
from audit.queries import tile_reader
from audit.sequencer import sequence_once
from audit.verification import verify_log
from tests.audit.private_log import PrivateLog

BEFORE = 253  # leaves that are logged and published, the organisation's founding among them
AFTER = 6  # leaves that the faults befall: the first bundle and tile get full, and another begins


@dataclass
class Faults:
    """Counts the steps of storing, and lets one of them fail, its effect being there or not."""

    fail_at: int | None
    persists: bool
    steps: list[str] = field(default_factory=list)

    def step(self, name: str, act: Callable[[], Any], error: Exception) -> Any:
        self.steps.append(name)
        if len(self.steps) - 1 != self.fail_at:
            return act()
        if self.persists:
            act()
        raise error


@contextmanager
def injected(faults: Faults, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every commit of the database, every file written and every one removed is a step."""
    commit, save, delete = DatabaseWrapper._commit, WholeFileStorage._save, WholeFileStorage.delete

    def committing(wrapper: Any) -> Any:
        return faults.step("commit", lambda: commit(wrapper), OperationalError("the connection was lost"))

    def saving(store: Any, name: str, content: Any) -> Any:
        return faults.step(f"write {name}", lambda: save(store, name, content), OSError("input/output error"))

    def deleting(store: Any, name: str) -> Any:
        return faults.step(f"remove {name}", lambda: delete(store, name), OSError("input/output error"))

    with patch.context() as patched:
        patched.setattr(DatabaseWrapper, "_commit", committing)
        patched.setattr(WholeFileStorage, "_save", saving)
        patched.setattr(WholeFileStorage, "delete", deleting)
        yield


STEPS = (
    "commit",  # the sequencer's: entries leave the queue, leaves and state are written
    "commit",  # a look that finds nothing more
    "write tile/entries/000",
    "write tile/0/000",
    "write tile/entries/001.p/3",
    "write tile/0/001.p/3",
    "write tile/1/000.p/1",
    "commit",  # the checkpoint on record
    "write checkpoint",
    "remove tile/entries/000.p/253",
    "remove tile/0/000.p/253",
)


def carry_on() -> None:
    while sequence_once():
        pass
    publish()


def published() -> Checkpoint:
    return Checkpoint.parse(Note.parse(storage.read("checkpoint")).text)


@pytest.fixture
def staged(private_log: PrivateLog) -> list[UUID]:
    private_log.grow(BEFORE - 1)
    return private_log.note_down(AFTER)


def test_these_are_all_the_steps_there_are(staged: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(fail_at=None, persists=True)
    with injected(faults, monkeypatch):
        carry_on()
    assert sorted(faults.steps) == sorted(STEPS)


@pytest.mark.parametrize("persists", [True, False], ids=["persisted-but-error", "not-persisted-and-error"])
@pytest.mark.parametrize("step", range(len(STEPS)))
def test_after_a_fault_the_next_run_completes_what_was_left(
    staged: list[UUID],
    private_log: PrivateLog,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    persists: bool,
) -> None:
    seen = [published()]
    faults = Faults(fail_at=step, persists=persists)
    with injected(faults, monkeypatch), pytest.raises((OperationalError, OSError)):
        carry_on()
    assert len(faults.steps) == step + 1, "the fault ends the run: nothing is stored after a step of unknown result"
    seen.append(published())
    connection.close()  # as the process that comes after would find it
    verify_log()
    carry_on()
    seen.append(published())
    private_log.grow(1)
    seen.append(published())

    places = list(Leaf.objects.filter(entry_id__in=staged).values_list("index", flat=True))
    assert sorted(places) == list(range(BEFORE, BEFORE + AFTER))
    assert seen[2].size == BEFORE + AFTER
    reader = tile_reader(seen[-1].size)
    for old, new in itertools.pairwise(seen):
        proof = consistency_proof(old.size, new.size, node=reader.node)
        verify_consistency(old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=proof)
    assert verify_log().leaves == BEFORE + AFTER + 1


@pytest.mark.parametrize("persists", [True, False], ids=["persisted-but-error", "not-persisted-and-error"])
def test_an_entry_whose_commit_failed_is_logged_if_and_only_if_it_is_there(
    private_log: PrivateLog, monkeypatch: pytest.MonkeyPatch, persists: bool
) -> None:
    size = private_log.grow(3)
    faults = Faults(fail_at=0, persists=persists)
    with injected(faults, monkeypatch), pytest.raises(OperationalError):
        private_log.note_down(1)
    connection.close()
    carry_on()
    assert published().size == size + persists
    assert verify_log().entries == size + persists
