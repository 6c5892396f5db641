"""The database out of and into a file, with the PostgreSQL programs of the wheel (`pg_dump`, `pg_restore`).

Forced row security binds the owner as well, and a dump that left rows out would be none: both need the address of a
role that bypasses row security, which the embedded database's superuser does.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg
from django.conf import settings
from psycopg import conninfo

from governance.embedded.addresses import admin_url as embedded_admin_url
from governance.embedded.binaries import postgres_binary
from governance.embedded.supervisor import Installation
from governance.errors import BackupError

_OBJECTS = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


def administrator(given: str | None) -> str:
    """The administrator's address of our database: the one given, or the embedded superuser's.

    Raises:
        BackupError: the database is an external one and no address was given.
    """
    if given is None and os.environ.get("DATABASE_URL"):
        raise BackupError(
            "The database is not the embedded one: name with --admin-url a role that bypasses row security "
            "(a superuser, or one with BYPASSRLS and all rights on the database)."
        )
    if given is None:
        installation = Installation.at(settings.VIVAVOCE_HOME)
        given = embedded_admin_url(installation.layout, installation.credentials)
    return conninfo.make_conninfo(given, dbname=str(settings.DATABASES["default"]["NAME"]))


def dump(address: str, *, to: Path) -> None:
    """One consistent snapshot in PostgreSQL's custom format."""
    _run("pg_dump", ["--format=custom", "--no-password", f"--file={to}"], address)


def restore(address: str, *, source: Path) -> None:
    """Put a dump into an empty database, all or nothing."""
    options = ["--single-transaction", "--exit-on-error", "--no-password"]
    _run("pg_restore", options, address, last=[str(source)])


def is_empty(address: str) -> bool:
    """Whether the database has nothing in it yet."""
    with psycopg.connect(address) as database:
        return database.execute(_OBJECTS).fetchone() == (0,)


def _run(program: str, options: Sequence[str], address: str, *, last: Sequence[str] = ()) -> None:
    """Run it with the password in the environment, where no list of processes shows it."""
    parts = conninfo.conninfo_to_dict(address)
    password = str(parts.pop("password", "") or "")
    command = [str(postgres_binary(program)), *options, f"--dbname={conninfo.make_conninfo('', **parts)}", *last]
    environment = {**os.environ, "PGPASSWORD": password, "LC_ALL": "C"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode != 0:
        raise BackupError(f"{program} failed: {' '.join(done.stderr.split())}")
