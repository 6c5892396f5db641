from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings

from audit.log_tables import STAGE_EARLIER
from audit.publishing import publish
from tenancy.models import Organisation
from tests.audit.log_rows import note_down, sequence_all
from tests.cast import found

DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def firm(committed_db: None) -> Organisation:
    """A firm with a published log and an entry that still waits."""
    firm = found("Northwind")
    note_down(firm, 2)
    sequence_all()
    publish()
    note_down(firm)
    return firm


@pytest.fixture
def application(firm: Organisation) -> Iterator[psycopg.Connection]:
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
        connection.execute("SELECT set_config('vivavoce.organisation', %s, false)", [str(firm.id)])
        yield connection


@pytest.fixture
def owner(firm: Organisation) -> Iterator[psycopg.Connection]:
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as connection:
        yield connection


CHANGES = [
    "UPDATE audit_leaf SET leaf = 'x'",
    "DELETE FROM audit_leaf",
    "TRUNCATE audit_leaf",
    "UPDATE audit_logstate SET size = size - 1",
    "UPDATE audit_logstate SET root = sha256('other')",
    "DELETE FROM audit_logstate",
    "TRUNCATE audit_logstate",
    "UPDATE audit_checkpoint SET note = 'other'",
    "UPDATE audit_checkpoint SET root = sha256('other')",
    "UPDATE audit_checkpoint SET size = size + 1",
    "DELETE FROM audit_checkpoint",
]


@pytest.mark.parametrize("statement", [*CHANGES, "TRUNCATE audit_checkpoint CASCADE"])
def test_what_is_logged_and_published_cannot_be_changed_even_by_its_owner(
    application: psycopg.Connection, owner: psycopg.Connection, statement: str
) -> None:
    for connection in (application, owner):
        with pytest.raises(DENIED):
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_staged SELECT gen_random_uuid(), 'a:b:c', now(), gen_random_uuid(), ''",
        "UPDATE audit_staged SET event = 'a:b:c'",
        "TRUNCATE audit_staged",
        "INSERT INTO audit_logstate (id, size, root, range) VALUES (2, 0, '', '')",
        "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_stage",
        "DROP FUNCTION audit_entry_stage() CASCADE",
    ],
)
def test_the_application_can_neither_stage_an_entry_by_hand_nor_stop_its_staging(
    application: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(DENIED):
        application.execute(statement.encode())


def test_the_triggers_hold_in_a_session_that_plays_a_replica(owner: psycopg.Connection) -> None:
    sleeping = owner.execute(
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A' AND tgrelid = ANY "
        "(ARRAY['audit_entry', 'audit_leaf', 'audit_logstate', 'audit_checkpoint']::regclass[])"
    ).fetchall()
    assert sleeping == []


def test_an_insertion_that_is_passed_over_stages_nothing(application: psycopg.Connection, firm: Organisation) -> None:
    [entry] = note_down(firm)
    sequence_all()
    application.execute(
        "INSERT INTO audit_entry (id, organisation_id, event, actor, refs, data) "
        "VALUES (%s, %s, 'consent:record:given', 'system', '{}', '{}') ON CONFLICT (id) DO NOTHING",
        [entry, firm.id],
    )
    assert application.execute("SELECT FROM audit_staged WHERE entry_id = %s", [entry]).fetchone() is None


@pytest.mark.parametrize("commitments", [b"x" * 31, b"x" * 2080])
def test_commitments_are_whole_hashes_and_few(
    application: psycopg.Connection, firm: Organisation, commitments: bytes
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="whole_hashes"):
        application.execute(
            "INSERT INTO audit_entry (id, organisation_id, event, actor, refs, data, commitments) "
            "VALUES (%s, %s, 'consent:record:given', 'system', '{}', '{}', %s)",
            [uuid4(), firm.id, commitments],
        )


def test_entries_from_before_there_was_a_log_are_staged_behind_the_fence_which_stays(firm: Organisation) -> None:
    with psycopg.connect(settings.DATABASE_OWNER_URL) as owner:
        owner.execute("DELETE FROM audit_staged")
        assert owner.execute("SELECT count(*) FROM audit_entry").fetchone() == (0,)
        for statement in STAGE_EARLIER:
            owner.execute(statement.encode())
        staged = owner.execute("SELECT count(*), count(DISTINCT organisation_id) FROM audit_staged").fetchone()
        assert owner.execute("SELECT count(*) FROM audit_entry").fetchone() == (0,)
        owner.rollback()
    assert staged is not None
    assert staged[0] >= 3
    assert staged[1] >= 1
