from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from audit.events import Event
from audit.queries import entries
from tenancy import organisations
from tenancy.errors import OrganisationError
from tenancy.models import Membership, Organisation, Role, User
from tenancy.scope import organisation_scope
from tests.cast import PASSWORD


def test_founding_an_organisation_is_its_first_entry(northwind: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        assert [entry.event for entry in entries()] == [Event.ORGANISATION_CREATED]


@pytest.mark.parametrize(("name", "slug"), [("", "northwind"), ("Northwind", ""), ("Northwind", "a slug")])
@pytest.mark.django_db
def test_an_organisation_needs_a_name_and_a_proper_slug(name: str, slug: str) -> None:
    with pytest.raises(OrganisationError, match="No organisation was made"):
        organisations.create(name=name, slug=slug)


def test_a_slug_names_one_organisation(northwind: Organisation) -> None:
    with pytest.raises(OrganisationError, match="already exists"):
        organisations.create(name="Southwind", slug=northwind.slug)


def test_a_member_signs_in_and_works_in_their_role(northwind: Organisation, ruth: User) -> None:
    assert authenticate(username=ruth.username, password=PASSWORD) == ruth
    assert (ruth.is_staff, ruth.is_superuser) == (False, False)
    with organisation_scope(northwind.id, actor="system"):
        membership = Membership.objects.get(user=ruth)
        assert membership.role == Role.REVIEWER
        assert [entry.data for entry in entries(about=membership.pk)] == [{"role": "reviewer"}]


@pytest.mark.parametrize(
    ("username", "password", "role", "message"),
    [
        ("vera", PASSWORD, "queen", "no role"),
        ("vera", "short", "owner", "too short"),
        ("veraveravera", "veraveravera", "owner", "too similar"),
        ("not a name", PASSWORD, "owner", "valid username"),
        ("", PASSWORD, "owner", "blank"),
    ],
)
def test_a_member_who_cannot_be_taken_in_is_told_why(
    northwind: Organisation, username: str, password: str, role: str, message: str
) -> None:
    with pytest.raises(OrganisationError, match=message):
        organisations.add_member(northwind, username=username, password=password, role=role)
    assert User.objects.count() == 0


def test_a_taken_username_is_refused(northwind: Organisation, rival: Organisation, ruth: User) -> None:
    with pytest.raises(OrganisationError, match="taken"):
        organisations.add_member(rival, username=ruth.username, password=PASSWORD, role="owner")
