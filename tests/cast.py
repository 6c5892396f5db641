"""The cast: who appears in the tests, made once here so that a reader knows at once who is who.

Northwind is a licensee that means well; the rival is another organisation that would like to see more than it may.
Amara lent Northwind her voice. Ivo offers his own as hers. Ruth and Sam review.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from consent.models import Speaker
from tenancy import api_keys, organisations
from tenancy.api_keys import ApiScope
from tenancy.models import ApiKey, Organisation, Role, User
from tenancy.scope import organisation_scope

AMARA_SPEECH = "libri_3080"  # whose recordings in the speech corpus are hers
IVO_SPEECH = "libri_367"
PASSWORD = "correct-horse-battery-staple"


@dataclass(frozen=True)
class Engineer:
    """A licensee's engineer, known by the key of their application."""

    api_key: ApiKey
    secret: str


def found(name: str) -> Organisation:
    return organisations.create(name=name, slug=f"{name.lower()}-{secrets.token_hex(6)}")


def hire(organisation: Organisation, name: str, *, role: Role) -> User:
    username = f"{name.lower()}-{secrets.token_hex(6)}"
    return organisations.add_member(organisation, username=username, password=PASSWORD, role=role)


def equip(organisation: Organisation, *scopes: ApiScope) -> Engineer:
    with organisation_scope(organisation.id, actor="system"):
        return Engineer(*api_keys.issue(name="Studio", scopes=scopes or list(ApiScope), valid_for=timedelta(days=90)))


def meet(organisation: Organisation, name: str) -> Speaker:
    with organisation_scope(organisation.id, actor="system"):
        return Speaker.objects.create(organisation=organisation, name=name)


@pytest.fixture
def northwind(db: None) -> Organisation:
    return found("Northwind")


@pytest.fixture
def rival(db: None) -> Organisation:
    return found("Rival")


@pytest.fixture
def in_northwind(northwind: Organisation) -> Iterator[Organisation]:
    with organisation_scope(northwind.id, actor="system"):
        yield northwind


@pytest.fixture
def engineer(northwind: Organisation) -> Engineer:
    return equip(northwind)


@pytest.fixture
def amara(northwind: Organisation) -> Speaker:
    return meet(northwind, "Amara")


@pytest.fixture
def ivo(northwind: Organisation) -> Speaker:
    return meet(northwind, "Ivo")


@pytest.fixture
def ruth(northwind: Organisation) -> User:
    return hire(northwind, "Ruth", role=Role.REVIEWER)


@pytest.fixture
def sam(northwind: Organisation) -> User:
    return hire(northwind, "Sam", role=Role.REVIEWER)
