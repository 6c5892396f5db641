from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from audit import log
from audit.events import Event
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import found

DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def organisation(committed_db: None) -> Organisation:
    return found("Northwind")


@pytest.fixture
def entry(organisation: Organisation) -> UUID:
    with organisation_scope(organisation.id, actor="system"):
        return log.append(Event.CONSENT_GIVEN, refs={"consent": uuid4()})


@pytest.fixture
def intruder(organisation: Organisation) -> Iterator[psycopg.Connection]:
    """The application's own rights, in the organisation's own scope, in the hands of someone who means harm."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
        connection.execute("SELECT set_config('vivavoce.organisation', %s, false)", [str(organisation.id)])
        yield connection


@pytest.fixture
def owner(organisation: Organisation) -> Iterator[psycopg.Connection]:
    """Whoever migrates the database: stopped by the triggers, unless they take them away first."""
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as connection:
        connection.execute("SELECT set_config('vivavoce.organisation', %s, false)", [str(organisation.id)])
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET event = 'consent:record:withdrawn'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "MERGE INTO audit_entry e USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
        "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (id) DO UPDATE SET event = 'a:b:c'",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change",
        "DROP TRIGGER audit_entry_no_change ON audit_entry",
        "DROP FUNCTION audit_entry_refuse() CASCADE",
        "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE RULE quietly AS ON INSERT TO audit_entry DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
        "ALTER TABLE audit_entry RENAME TO forgotten",
        "DROP TABLE audit_entry",
        "SELECT setval('audit_entry_place', 1)",
        "SELECT nextval('audit_entry_place')",
        "DO $$ BEGIN LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE; END $$",
        "SELECT * FROM audit_entry FOR UPDATE",
    ],
)
def test_the_application_cannot_rewrite_the_record(intruder: psycopg.Connection, entry: UUID, statement: str) -> None:
    before = intruder.execute("SELECT * FROM audit_entry ORDER BY sequence").fetchall()
    with pytest.raises(DENIED):
        intruder.execute(statement.encode())
    assert intruder.execute("SELECT * FROM audit_entry ORDER BY sequence").fetchall() == before


def test_the_application_cannot_give_itself_the_right(intruder: psycopg.Connection) -> None:
    """PostgreSQL answers such a GRANT with a mere warning, and does nothing."""
    intruder.execute("GRANT UPDATE, DELETE, TRUNCATE ON audit_entry TO CURRENT_USER")
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    held = [
        right
        for right in rights
        if intruder.execute("SELECT has_table_privilege('audit_entry', %s)", [right]).fetchone() == (True,)
    ]
    assert held == ["SELECT", "INSERT"]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor = 'system'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
def test_even_the_tables_owner_is_refused_by_the_triggers(
    owner: psycopg.Connection, entry: UUID, statement: str
) -> None:
    with pytest.raises(DENIED, match="only grows"):
        owner.execute(statement.encode())


def test_the_triggers_hold_in_a_session_that_plays_a_replica(owner: psycopg.Connection, entry: UUID) -> None:
    modes = owner.execute(
        "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass AND NOT tgisinternal"
    ).fetchall()
    assert sorted(modes) == [
        ("audit_entry_no_change", "A"),
        ("audit_entry_no_truncate", "A"),
        ("audit_entry_stage", "A"),
        ("audit_entry_stamp", "A"),
    ]


def test_nobody_can_back_date_an_entry_or_choose_its_place(
    intruder: psycopg.Connection, organisation: Organisation, entry: UUID
) -> None:
    before = timezone.now()
    forged = intruder.execute(
        "INSERT INTO audit_entry (id, organisation_id, sequence, event, actor, occurred_at, refs, data) "
        "VALUES (%s, %s, -1, 'consent:record:given', 'system', '1999-12-31', '{}', '{}') "
        "RETURNING occurred_at > %s - interval '1 minute', sequence > "
        "(SELECT sequence FROM audit_entry WHERE id = %s)",
        [uuid4(), organisation.id, before, entry],
    ).fetchone()
    assert forged == (True, True)


def test_an_entry_cannot_be_written_into_another_organisations_record(intruder: psycopg.Connection) -> None:
    with pytest.raises(DENIED, match="row-level security"):
        intruder.execute(
            "INSERT INTO audit_entry (id, organisation_id, event, actor, refs, data) "
            "VALUES (%s, %s, 'consent:record:given', 'system', '{}', '{}')",
            [uuid4(), found("Rival").id],
        )


def test_another_organisations_record_cannot_be_read(intruder: psycopg.Connection) -> None:
    rival = found("Rival")
    assert intruder.execute("SELECT * FROM audit_entry WHERE organisation_id = %s", [rival.id]).fetchall() == []


@pytest.mark.parametrize("actor", ["Ruth", "member:ruth@example.org", ""])
def test_the_database_itself_refuses_an_actor_with_a_name(
    intruder: psycopg.Connection, organisation: Organisation, actor: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="actor_names_no_person"):
        intruder.execute(
            "INSERT INTO audit_entry (id, organisation_id, event, actor, refs, data) "
            "VALUES (%s, %s, 'consent:record:given', %s, '{}', '{}')",
            [uuid4(), organisation.id, actor],
        )
