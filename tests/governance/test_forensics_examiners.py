from __future__ import annotations

import pytest

from governance.forensics.examiners import may_examine
from tenancy import grants
from tenancy.models import Organisation, Role
from tenancy.scope import organisation_scope
from tests.cast import hire

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.OWNER, True),
        (Role.COMPLIANCE_OFFICER, True),
        (Role.AUDITOR, True),
        (Role.REVIEWER, False),
        (Role.ENGINEER, False),
    ],
)
def test_who_examines_by_their_role(northwind: Organisation, role: Role, *, allowed: bool) -> None:
    member = hire(northwind, "Lena", role=role)
    with organisation_scope(northwind.id, actor="system"):
        assert may_examine(member) is allowed


def test_a_member_may_be_granted_the_right_and_lose_it_again(northwind: Organisation) -> None:
    reviewer = hire(northwind, "Ruth", role=Role.REVIEWER)
    with organisation_scope(northwind.id, actor="system"):
        membership = reviewer.memberships.get()
        grants.grant("examine", user=reviewer, on=membership)
        assert may_examine(reviewer)
        grants.withdraw_grant("examine", user=reviewer, on=membership)
        assert not may_examine(reviewer)


def test_nobody_examines_in_another_organisation_or_after_they_left(
    northwind: Organisation, rival: Organisation
) -> None:
    owner = hire(northwind, "Olga", role=Role.OWNER)
    with organisation_scope(rival.id, actor="system"):
        assert not may_examine(owner)
    owner.is_active = False
    with organisation_scope(northwind.id, actor="system"):
        assert not may_examine(owner)


def test_being_a_superuser_makes_nobody_an_examiner(northwind: Organisation) -> None:
    engineer = hire(northwind, "Emil", role=Role.ENGINEER)
    engineer.is_superuser = True
    with organisation_scope(northwind.id, actor="system"):
        assert not may_examine(engineer)
