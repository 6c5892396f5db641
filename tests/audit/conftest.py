"""A database and a folder of its own for each test that damages the log."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, ObjectInUse
from pytest_django.plugin import DjangoDbBlocker

from governance.embedded.provisioning import _grant_use_only
from tests.audit.private_log import PrivateLog, owner_connection, redirected
from tests.cast import found

LAST_ATTEMPT = 20


def drop(usual: str, name: str) -> None:
    """Drop a database; the server's own vacuum, which no owner may end, gets time to leave it."""
    with owner_connection(usual) as owner:
        for attempt in range(LAST_ATTEMPT + 1):
            try:
                owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            except (InsufficientPrivilege, ObjectInUse):
                if attempt == LAST_ATTEMPT:
                    raise
                time.sleep(0.5)
            else:
                return


@pytest.fixture(scope="session")
def pristine(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A migrated database without a row, of which each test gets a copy."""
    name = f"vivavoce_pristine_{os.getpid()}_{secrets.token_hex(4)}"
    usual = settings.DATABASES["owner"]["NAME"]
    with django_db_blocker.unblock():
        with owner_connection(usual) as owner:
            owner.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
        with owner_connection(name) as owner:
            _grant_use_only(owner, name)
        with redirected(name):
            call_command("migrate", database="owner", verbosity=0)
    yield name
    drop(usual, name)


@pytest.fixture
def private_log(pristine: str, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[PrivateLog]:
    name, usual, folder = f"vivavoce_log_{secrets.token_hex(6)}", settings.DATABASES["owner"]["NAME"], tmp_path / "log"
    stores = {
        **settings.STORAGES,
        "log": {"BACKEND": "audit.folder.WholeFileStorage", "OPTIONS": {"location": folder}},
    }
    with django_db_blocker.unblock():
        with owner_connection(usual) as owner:
            copying = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(pristine))
            owner.execute(copying)
        with redirected(name), override_settings(STORAGES=stores):
            yield PrivateLog(name, folder, found("Northwind"), uuid4(), uuid4())
        drop(usual, name)
