from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from audit import identity, storage
from audit.errors import LogError
from audit.events import Event
from audit.leaves import commitment, organisation_tag, payload
from audit.log import append
from audit.merkle import CompactRange, leaf_hash
from audit.models import Entry, Leaf, LogState, Staged
from audit.notes import Checkpoint, sign
from audit.sequencer import sequence_once
from tenancy import keyring
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.audit.log_rows import note_down, places_of, sequence_all
from tests.cast import found


@pytest.fixture
def firm(committed_db: None) -> Organisation:
    return found("Northwind")


@pytest.fixture
def own_storage(settings: object, tmp_path: Path) -> Path:
    """An empty storage for the log of this session's database."""
    kinds = settings.STORAGES  # type: ignore[attr-defined]
    folder = tmp_path / "log"
    settings.STORAGES = {**kinds, "log": {**kinds["log"], "OPTIONS": {"location": folder}}}  # type: ignore[attr-defined]
    return folder


def whole_log() -> list[Leaf]:
    return list(Leaf.objects.order_by("index"))


def test_an_entry_waits_from_the_moment_it_is_committed_and_not_before(firm: Organisation) -> None:
    with pytest.raises(ZeroDivisionError), organisation_scope(firm.id, actor="system"):
        undone = append(Event.CONSENT_GIVEN, refs={})
        1 / 0  # noqa: B018 - raises
    [entry] = note_down(firm)
    assert list(Staged.objects.filter(entry_id__in=[undone, entry]).values_list("entry_id", flat=True)) == [entry]


def test_entries_get_the_next_places_in_the_order_in_which_they_happened(firm: Organisation) -> None:
    sequence_all()
    before = LogState.objects.get().size
    written = note_down(firm, 5)
    assert sequence_once() == 5
    leaves = whole_log()[before:]
    assert [leaf.entry_id for leaf in leaves] == written
    assert [leaf.index for leaf in leaves] == list(range(before, before + 5))
    assert places_of(written) == list(range(before, before + 5))


def test_a_leaf_carries_what_its_entry_says_and_commits_to_the_rest(firm: Organisation) -> None:
    with organisation_scope(firm.id, actor="system"):
        voice = uuid4()
        written = append(Event.VOICE_PREPARED, refs={"voice": voice}, data={"likeness": 0.7})
        salt = keyring.ledger_salt(None, event_id=written)
        entry = Entry.objects.get(pk=written)
    sequence_all()
    content = json.loads(bytes(Leaf.objects.get(entry_id=written).leaf))
    committed = commitment(payload("system", {"likeness": 0.7}, {"voice": str(voice)}), salt=salt)
    assert content == {
        "v": 1,
        "id": str(written),
        "event": "voice:engine:prepared",
        "time": entry.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "organisation": organisation_tag(firm.id),
        "commitments": [committed.hex()],
    }


def test_the_state_is_that_of_all_the_leaves(firm: Organisation) -> None:
    note_down(firm, 3)
    sequence_all()
    hashes = [leaf_hash(bytes(leaf.leaf)) for leaf in whole_log()]
    state, whole = LogState.objects.get(), CompactRange().extend(hashes)
    assert (state.size, bytes(state.root), bytes(state.range)) == (whole.size, whole.root(), whole.to_bytes())
    assert [bytes(leaf.leaf_hash) for leaf in whole_log()] == hashes


def test_a_batch_takes_no_more_than_its_limit(firm: Organisation) -> None:
    sequence_all()
    note_down(firm, 5)
    assert [sequence_once(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_an_entry_that_becomes_visible_late_is_not_passed_over(firm: Organisation) -> None:
    """Its number is the smaller one, its commit comes later: whoever remembers a number loses it."""
    sequence_all()
    slow = psycopg.connect(settings.DATABASE_URL)
    slow.execute("SELECT set_config('vivavoce.organisation', %s, true)", [str(firm.id)])
    late = UUID("0199aa00-0000-7000-8000-000000000000")
    slow.execute(
        "INSERT INTO audit_entry (id, organisation_id, event, actor, refs, data) "
        "VALUES (%s, %s, 'consent:record:given', 'system', '{}', '{}')",
        [late, firm.id],
    )
    [early] = note_down(firm)
    assert sequence_once() == 1
    slow.commit()
    slow.close()
    assert sequence_once() == 1
    assert places_of([early])[0] + 1 == places_of([late])[0]


def test_rivals_that_sequence_at_once_log_everything_exactly_once(firm: Organisation) -> None:
    """Two sequencers, while two clients go on writing."""
    sequence_all()
    before = LogState.objects.get().size
    written: list[UUID] = []
    logged: list[int] = []
    writing = threading.Event()

    def write() -> None:
        for _ in range(40):
            written.extend(note_down(firm, 10))
        connection.close()

    def sequence() -> None:
        while not writing.is_set() or Staged.objects.exists():
            logged.append(sequence_once(limit=64))
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(2)]
    rivals = [threading.Thread(target=sequence) for _ in range(2)]
    for thread in (*writers, *rivals):
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    for thread in rivals:
        thread.join()

    assert sum(logged) == len(written) == 800
    assert places_of(written) == list(range(before, before + 800))
    assert LogState.objects.get().size == before + 800


@pytest.mark.parametrize("statement", ["DELETE FROM audit_staged", "UPDATE audit_logstate", "FOR UPDATE"])
@pytest.mark.parametrize("executed", [False, True])
def test_a_batch_that_fails_at_any_statement_leaves_everything_waiting(
    firm: Organisation, statement: str, *, executed: bool
) -> None:
    sequence_all()
    before = LogState.objects.get().size
    written = note_down(firm, 3)

    def fail(execute: Callable[..., object], query: str, *arguments: object) -> object:
        answer = None if statement in query and not executed else execute(query, *arguments)
        if statement in query:
            raise OperationalError("the connection broke")
        return answer

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        sequence_once()
    assert LogState.objects.get().size == before
    assert Staged.objects.filter(entry_id__in=written).count() == 3
    assert sequence_once() == 3
    assert places_of(written) == list(range(before, before + 3))


@pytest.mark.parametrize("committed", [False, True])
def test_a_commit_of_unknown_result_is_settled_by_reading_anew(
    firm: Organisation, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    sequence_all()
    before = LogState.objects.get().size
    written = note_down(firm, 3)
    commit = connection._commit

    def lose_the_answer() -> None:
        if committed:
            commit()
        raise OperationalError("the connection broke during COMMIT")

    monkeypatch.setattr(connection, "_commit", lose_the_answer)
    with pytest.raises(OperationalError):
        sequence_once()
    monkeypatch.undo()
    connection.close()
    assert sequence_once() == (0 if committed else 3)
    assert places_of(written) == list(range(before, before + 3))


def test_nothing_is_logged_while_the_published_log_is_ahead_of_the_database(
    firm: Organisation, own_storage: Path
) -> None:
    sequence_all()
    size = LogState.objects.get().size
    ahead = Checkpoint(settings.LOG_ORIGIN, size + 1, b"r" * 32).text()
    storage.write("checkpoint", sign(ahead, signers=identity.signers(), at=1_800_000_000).format().encode())
    [written] = note_down(firm)
    with pytest.raises(LogError, match="restored from an older backup"):
        sequence_once()
    assert Staged.objects.filter(entry_id=written).exists()
    storage.discard("checkpoint")
    assert sequence_once() == 1


def test_a_batch_has_its_own_transaction(firm: Organisation) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        sequence_once()
