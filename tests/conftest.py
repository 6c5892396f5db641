"""The database of the session: the real one, migrated by its owner, used as the application's role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker

pytest_plugins = ["tests.cast", "tests.ears", "tests.heard_once"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Migrates through the `owner` alias, once; no other database is made, and no test may use the owner.

    Most tests run in a transaction that is rolled back. Those that commit leave their rows behind, since the
    application's role may not truncate: they make their own organisations, which no one else looks into.
    """
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: None)
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1_000)  # the cast's passwords need no patience
        call_command("migrate", database="owner", verbosity=0)
        connections["owner"].close()
        yield
        connections.close_all()


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database without a surrounding transaction: what commits, stays."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()
