from __future__ import annotations

import threading
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from tenancy.errors import ScopeError
from tenancy.models import Membership, Organisation, Role, User
from tenancy.organisations import membership_of
from tenancy.scope import current_actor, current_organisation, organisation_scope, token_scope, user_scope
from tests.cast import Engineer, found, hire, meet


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [name])
        return str(cursor.fetchone()[0])


def visible(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - the tests' own table names
        return int(cursor.fetchone()[0])


def test_the_scope_tells_who_acts_and_for_whom(northwind: Organisation) -> None:
    with organisation_scope(northwind.id, actor="api-key:0190"):
        assert (current_organisation(), current_actor()) == (northwind.id, "api-key:0190")
        assert setting("vivavoce.organisation") == str(northwind.id)


def test_outside_any_scope_there_is_no_organisation_and_no_actor() -> None:
    with pytest.raises(ScopeError, match="organisation_scope"):
        current_organisation()
    with pytest.raises(ScopeError, match="organisation_scope"):
        current_actor()


@pytest.mark.parametrize("actor", ["", "Ruth", "member:ruth@example.org", "member:", "root"])
def test_an_actor_is_a_kind_and_an_identifier_never_a_name(actor: str) -> None:
    with pytest.raises(ScopeError, match="names no actor"), organisation_scope(UUID(int=1), actor=actor):
        pass


def test_leaving_an_inner_scope_restores_the_outer_one(northwind: Organisation, rival: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        with organisation_scope(rival.id, actor="member:7"):
            assert setting("vivavoce.organisation") == str(rival.id)
        assert setting("vivavoce.organisation") == str(northwind.id)
        assert (current_organisation(), current_actor()) == (northwind.id, "system")
    assert setting("vivavoce.organisation") == ""


def test_an_exception_in_an_inner_scope_restores_the_outer_one_too(
    northwind: Organisation, rival: Organisation
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        with pytest.raises(ZeroDivisionError), organisation_scope(rival.id, actor="system"):
            1 / 0  # noqa: B018 - raises
        assert setting("vivavoce.organisation") == str(northwind.id)


def test_a_failing_statement_leaves_the_outer_scope_usable(northwind: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        with pytest.raises(IntegrityError), organisation_scope(northwind.id, actor="system"):
            Organisation.objects.create(name="Again", slug=northwind.slug)
        assert setting("vivavoce.organisation") == str(northwind.id)


def test_work_that_raises_is_undone(northwind: Organisation) -> None:
    with pytest.raises(ZeroDivisionError), organisation_scope(northwind.id, actor="system"):
        meet(northwind, "Amara")
        1 / 0  # noqa: B018 - raises
    with organisation_scope(northwind.id, actor="system"):
        assert visible("consent_speaker") == 0


def test_without_a_scope_no_row_is_visible(northwind: Organisation) -> None:
    meet(northwind, "Amara")
    assert visible("consent_speaker") == 0


def test_a_token_makes_exactly_its_own_key_visible(engineer: Engineer, rival: Organisation) -> None:
    with token_scope(engineer.api_key.token_hash):
        assert visible("tenancy_apikey") == 1
        assert visible("consent_speaker") == 0
    with token_scope("0" * 64):
        assert visible("tenancy_apikey") == 0


def test_a_user_sees_their_own_membership_and_no_colleagues(northwind: Organisation, ruth: User, sam: User) -> None:
    with user_scope(ruth.pk):
        assert visible("tenancy_membership") == 1
        membership = membership_of(ruth)
        assert membership is not None
        assert (membership.organisation, membership.role) == (northwind, Role.REVIEWER)
        assert membership_of(sam) is None


def test_a_user_scope_reads_but_does_not_write(ruth: User) -> None:
    with user_scope(ruth.pk):
        assert Membership.objects.update(role=Role.OWNER) == 0


@pytest.mark.usefixtures("committed_db")
class TestPooledConnection:
    def test_the_next_transaction_on_the_same_connection_knows_nothing_of_the_scope(self) -> None:
        northwind = found("Northwind")
        meet(northwind, "Amara")
        with organisation_scope(northwind.id, actor="system"):
            assert visible("consent_speaker") == 1
            backend = backend_id()
        assert (backend_id(), setting("vivavoce.organisation"), visible("consent_speaker")) == (backend, "", 0)

    def test_a_scope_that_ended_in_an_exception_leaves_nothing_behind_either(self) -> None:
        northwind = found("Northwind")
        with pytest.raises(ZeroDivisionError), organisation_scope(northwind.id, actor="system"):
            1 / 0  # noqa: B018 - raises
        assert (setting("vivavoce.organisation"), visible("consent_speaker")) == ("", 0)

    def test_every_other_setting_ends_with_its_transaction_too(self) -> None:
        ruth = hire(found("Northwind"), "Ruth", role=Role.REVIEWER)
        with user_scope(ruth.pk), token_scope("0" * 64):
            assert visible("tenancy_membership") == 1
        assert [setting(f"vivavoce.{name}") for name in ("user", "token_hash", "organisation")] == ["", "", ""]

    def test_two_threads_do_not_share_a_scope(self) -> None:
        northwind, seen = found("Northwind"), list[int | str]()
        meet(northwind, "Amara")

        def look() -> None:
            try:
                current_organisation()
            except ScopeError as error:
                seen.append(type(error).__name__)
            seen.append(visible("consent_speaker"))
            connection.close()

        with organisation_scope(northwind.id, actor="system"):
            other = threading.Thread(target=look)
            other.start()
            other.join()
        assert seen == ["ScopeError", 0]

    def test_the_scope_is_one_transaction(self) -> None:
        northwind = found("Northwind")
        with organisation_scope(northwind.id, actor="system"):
            assert transaction.get_connection().in_atomic_block
        assert not transaction.get_connection().in_atomic_block


def backend_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])
