from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations.state import ProjectState
from django.db.utils import IntegrityError, ProgrammingError
from django.utils import timezone
from psycopg import sql

from consent.models import ConsentRecord, Speaker
from tenancy.checks import organisations_models
from tenancy.models import Organisation, TenantModel
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation
from tenancy.scope import organisation_scope, platform_scope
from tests.cast import equip, found, meet

DENIED = psycopg.errors.InsufficientPrivilege
QUEUE_OF_THE_LOG = (
    "audit_staged"  # read across organisations by the sequencer; it holds no personal data, and not for long
)
TABLES = sorted(model._meta.db_table for model in organisations_models())


def enter(intruder: psycopg.Connection, organisation: Organisation) -> None:
    """Even a session-wide setting opens no more than the organisation it names."""
    intruder.execute("SELECT set_config('vivavoce.organisation', %s, false)", [str(organisation.id)])


def count(intruder: psycopg.Connection, table: str) -> int:
    row = intruder.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def victim(intruder: psycopg.Connection) -> Speaker:
    """Amara, as Northwind knows her; the intruder has entered the rival's scope, which is their own."""
    enter(intruder, found("Rival"))
    return meet(found("Northwind"), "Amara")


def test_every_table_of_an_organisation_is_known_here() -> None:
    assert (
        sorted(
            model._meta.db_table
            for model in apps.get_models()
            if "organisation_id" in {field.column for field in model._meta.fields}
            and model._meta.db_table != QUEUE_OF_THE_LOG
        )
        == TABLES
    )
    assert len(TABLES) > 15


@pytest.mark.parametrize("table", TABLES)
def test_without_a_scope_no_table_shows_a_row(intruder: psycopg.Connection, table: str) -> None:
    equip(found("Northwind"))
    inherited = {"safety_protectedvoice", "safety_protectedlist"}
    shown = "WHERE organisation_id IS NOT NULL" if table in inherited else ""
    row = intruder.execute(f"SELECT count(*) FROM {table} {shown}".encode()).fetchone()  # noqa: S608 - our own tables
    assert row == (0,)


def test_another_organisations_rows_cannot_be_read(intruder: psycopg.Connection, victim: Speaker) -> None:
    assert intruder.execute("SELECT * FROM consent_speaker WHERE id = %s", [victim.pk]).fetchall() == []


def test_another_organisations_rows_cannot_be_changed(intruder: psycopg.Connection, victim: Speaker) -> None:
    assert intruder.execute("UPDATE consent_speaker SET name = 'Ivo' WHERE id = %s", [victim.pk]).rowcount == 0
    assert intruder.execute("DELETE FROM consent_speaker WHERE id = %s", [victim.pk]).rowcount == 0


def test_a_row_cannot_be_slipped_to_another_organisation(intruder: psycopg.Connection, victim: Speaker) -> None:
    with pytest.raises(DENIED, match="row-level security"):
        intruder.execute(
            "INSERT INTO consent_speaker (id, organisation_id, name, created_at) VALUES (%s, %s, 'Ivo', now())",
            [uuid4(), victim.organisation_id],
        )


def test_an_own_row_cannot_be_moved_to_another_organisation(intruder: psycopg.Connection, victim: Speaker) -> None:
    rival = found("Rival")
    own = meet(rival, "Ivo")
    enter(intruder, rival)
    with pytest.raises(DENIED, match="row-level security"):
        intruder.execute(
            "UPDATE consent_speaker SET organisation_id = %s WHERE id = %s", [victim.organisation_id, own.pk]
        )


def test_an_own_row_cannot_refer_to_another_organisations(victim: Speaker) -> None:
    """A plain foreign key would accept the row, and so confirm that it exists."""
    rival = found("Rival")
    with (
        pytest.raises(IntegrityError, match="consent_consentrecord_speaker_id_within"),
        organisation_scope(rival.id, actor="system"),
    ):
        ConsentRecord.objects.create(
            organisation=rival, speaker_id=victim.pk, languages=[], valid_until=timezone.now() + timedelta(days=1)
        )


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE consent_speaker CASCADE",
        "ALTER TABLE consent_speaker DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE consent_speaker NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY own_rows ON consent_speaker",
        "CREATE POLICY mine ON consent_speaker USING (true)",
        "DROP TABLE consent_speaker CASCADE",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "SET ROLE vivavoce_owner",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION vivavoce_owner",
        "SET session_replication_role = replica",
        "CREATE TABLE public.loot (everything text)",
        "CREATE FUNCTION public.peek() RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
        "COPY consent_speaker TO PROGRAM 'cat'",
    ],
)
def test_no_statement_takes_the_fence_down(intruder: psycopg.Connection, victim: Speaker, statement: str) -> None:
    try:
        with pytest.raises((DENIED, psycopg.errors.InvalidParameterValue, psycopg.errors.UndefinedObject)):
            intruder.execute(statement.encode())
    finally:
        intruder.execute("ROLLBACK")
    assert count(intruder, "consent_speaker") == 0


def test_switching_row_security_off_raises_instead_of_showing(intruder: psycopg.Connection, victim: Speaker) -> None:
    intruder.execute("SET row_security = off")
    with pytest.raises(DENIED, match="would be affected by row-level security"):
        intruder.execute("SELECT * FROM consent_speaker")


def test_an_error_message_gives_no_foreign_row_away(intruder: psycopg.Connection, victim: Speaker) -> None:
    """A cast that fails names the value it failed on: the fence must come before it."""
    assert intruder.execute("SELECT * FROM consent_speaker WHERE name::integer = 1").fetchall() == []


def test_the_platforms_list_is_read_by_all_and_written_by_no_organisation(intruder: psycopg.Connection) -> None:
    columns = (
        "(id, organisation_id, name, reason, action, embedding, model_name, model_sha256, added_at, "
        "aliases, name_keys, source, revision)"
    )
    values = "VALUES (%s, NULL, 'Somebody', 'asked', 'deny', '', 'm', 's', now(), '[]', '{}', '', 0)"
    insert = f"INSERT INTO safety_protectedvoice {columns} {values}".encode()
    with pytest.raises(DENIED, match="row-level security"):
        intruder.execute(insert, [uuid4()])
    enter(intruder, found("Rival"))
    with pytest.raises(DENIED, match="row-level security"):
        intruder.execute(insert, [uuid4()])
    listed = uuid4()
    with platform_scope(), connection.cursor() as cursor:
        cursor.execute(insert.decode(), [listed])
    found_row = "SELECT name FROM safety_protectedvoice WHERE id = %s"
    assert intruder.execute(found_row, [listed]).fetchall() == [("Somebody",)]
    assert intruder.execute("UPDATE safety_protectedvoice SET name = 'x' WHERE id = %s", [listed]).rowcount == 0
    assert intruder.execute("DELETE FROM safety_protectedvoice WHERE id = %s", [listed]).rowcount == 0


def test_the_operations_can_be_undone_and_done_again() -> None:
    """What they raise they also lower; shown on the statements, since the application's role may not run them."""
    for operation in (
        EnableRowSecurity("t", also_select="true", also_write="false"),
        KeepWithinOrganisation("t", "c", parent="p"),
    ):
        assert operation.reversible
        state = ProjectState()
        operation.state_forwards("consent", state)
        assert state.models == {}


@pytest.mark.django_db
def test_the_application_may_not_migrate() -> None:
    with connection.schema_editor(atomic=False) as editor, pytest.raises(ProgrammingError, match="must be owner"):
        EnableRowSecurity("consent_speaker").database_forwards("consent", editor, ProjectState(), ProjectState())


@pytest.mark.django_db
def test_the_orm_sees_what_the_database_shows(northwind: Organisation, rival: Organisation) -> None:
    amara = meet(northwind, "Amara")
    with organisation_scope(rival.id, actor="system"):
        assert list(Speaker.objects.all()) == []
    with organisation_scope(northwind.id, actor="system"):
        assert list(Speaker.objects.all()) == [amara]


def test_every_tenant_model_has_an_identifier_that_sorts_by_time() -> None:
    for model in organisations_models():
        key = model._meta.pk
        assert isinstance(key, models.UUIDField)
        if issubclass(model, TenantModel):
            assert isinstance(key.get_default(), UUID)
            assert key.get_default().version == 7
