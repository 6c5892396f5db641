"""A log of one's own: an empty, migrated database and an empty folder, so that a test may damage all of it.

The fixture `private_log` makes it; the keyring is the session's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import connections

from audit.events import Event
from audit.log import append
from audit.publishing import publish
from audit.sequencer import sequence_once
from tenancy.models import Organisation
from tenancy.scope import organisation_scope

ALIASES = ("default", "owner")


@dataclass(frozen=True)
class PrivateLog:
    """The database's name, the folder of the published log, and an organisation with two people in it."""

    database: str
    folder: Path
    northwind: Organisation
    amara: UUID
    ivo: UUID

    def note_down(self, count: int = 1, **refs: UUID) -> list[UUID]:
        """So many committed entries; about Amara and one of her voices, if nothing else is said."""
        about = refs or {"speaker": self.amara, "voice": uuid4()}
        with organisation_scope(self.northwind.id, actor="system"):
            return [append(Event.VOICE_PREPARED, refs=about, data={"take": n, "score": 0.5}) for n in range(count)]

    def grow(self, count: int = 1) -> int:
        """More entries, logged and published; the new size."""
        self.note_down(count)
        while sequence_once():
            pass
        shown = publish()
        assert shown is not None
        return shown.size

    @contextmanager
    def tampering(self) -> Iterator[psycopg.Connection]:
        """The database in the hands of its owner, who has taken the triggers and the fence away."""
        tables = ("entry", "staged", "leaf", "logstate", "checkpoint", "timestamp")
        with owner_connection(self.database) as connection:
            for table in tables:
                connection.execute(f"ALTER TABLE audit_{table} DISABLE TRIGGER USER")
            connection.execute("ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY")
            yield connection
            for table in tables:
                connection.execute(f"ALTER TABLE audit_{table} ENABLE TRIGGER USER")
            connection.execute("ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY")


def owner_connection(database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(settings.DATABASE_OWNER_URL, dbname=database, autocommit=True)


@contextmanager
def redirected(database: str) -> Iterator[None]:
    """Both aliases lead to another database of the same server."""
    usual = {alias: connections[alias].settings_dict["NAME"] for alias in ALIASES}
    connections.close_all()
    for alias in ALIASES:
        connections[alias].settings_dict["NAME"] = database
    try:
        yield
    finally:
        connections.close_all()
        for alias in ALIASES:
            connections[alias].settings_dict["NAME"] = usual[alias]
