"""Brings the whole system up and down, one caller at a time, and never touches what was set up outside."""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from governance.embedded.addresses import DATABASE, admin_url, broker_url
from governance.embedded.applications import (
    beat_service,
    search_service,
    sequencer_service,
    web_service,
    worker_service,
)
from governance.embedded.credentials import Credentials, read_or_create_credentials
from governance.embedded.errors import EmbeddedError
from governance.embedded.layout import Layout, prepare_layout
from governance.embedded.postgres import postgres_service
from governance.embedded.probes import probe_broker, probe_database
from governance.embedded.provisioning import provision_database
from governance.embedded.service import Say, Service, ensure_running, stop_service
from governance.embedded.valkey import valkey_service

_LOCK_PATIENCE_S = 600


@dataclass(frozen=True)
class Installation:
    """One state folder, its credentials, and the outside addresses that replace embedded services."""

    layout: Layout
    credentials: Credentials
    outside_database: str | None
    outside_broker: str | None
    durable: bool = True

    @classmethod
    def at(cls, home: Path, *, environment: Mapping[str, str] = os.environ, durable: bool = True) -> Self:
        """The installation in this state folder; DATABASE_URL and BROKER_URL in the environment replace its services.

        Raises:
            EmbeddedError: the state folder cannot be trusted, or the environment names half a database.
        """
        layout = prepare_layout(home)
        outside_database = environment.get("DATABASE_URL") or None
        if outside_database and not environment.get("DATABASE_OWNER_URL"):
            raise EmbeddedError(
                "DATABASE_URL is set but DATABASE_OWNER_URL is not: migrations need the owner's address. "
                "`manage.py provision --admin-url …` makes both roles.",
            )
        return cls(
            layout=layout,
            credentials=read_or_create_credentials(layout),
            outside_database=outside_database,
            outside_broker=environment.get("BROKER_URL") or None,
            durable=durable,
        )

    @property
    def broker(self) -> str:
        return self.outside_broker or broker_url(self.layout, self.credentials)

    def services(self) -> list[Service]:
        """The embedded services that nothing outside replaces, in the order of their start."""
        services = []
        if self.outside_database is None:
            services.append(postgres_service(self.layout, self.credentials, durable=self.durable))
        if self.outside_broker is None:
            services.append(valkey_service(self.layout, self.credentials))
        return services

    def applications(self, *, port: int, say: Say) -> list[Service]:
        """Our own processes, in the order of their start."""
        return [
            web_service(self.layout, port=port, say=say),
            worker_service(self.layout, broker=self.broker),
            beat_service(self.layout),
            sequencer_service(self.layout),
            search_service(self.layout),
        ]


@contextmanager
def sole_supervisor(installation: Installation, *, say: Say) -> Iterator[None]:
    """Hold the lock of the state folder; the kernel frees it when the holder dies.

    Raises:
        EmbeddedError: another `up` or `down` holds it for too long.
    """
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    with installation.layout.lock.open("a") as lock:
        if not _try_lock(lock.fileno()):
            say("another `up` or `down` is at work, waiting for it")
            while not _try_lock(lock.fileno()):
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"Another `up` or `down` has held {installation.layout.lock} for too long.")
                time.sleep(0.2)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def start_services(installation: Installation, *, say: Say) -> None:
    """Start PostgreSQL and Valkey, or make sure that the ones outside answer; provision the embedded database.

    Raises:
        EmbeddedError: something does not answer; the message says what and where to look.
    """
    for service in installation.services():
        ensure_running(service, installation.layout, say=say)
    if installation.outside_database is not None:
        answer = probe_database(installation.outside_database)
        if not answer.ready:
            raise EmbeddedError(f"The database at DATABASE_URL does not answer: {answer.detail}")
        say("database: answers at DATABASE_URL")
    else:
        provision_database(
            admin_url(installation.layout, installation.credentials),
            name=DATABASE,
            owner_password=installation.credentials.owner,
            application_password=installation.credentials.application,
            owner_may_create_databases=not installation.durable,
        )
    if installation.outside_broker is not None:
        answer = probe_broker(installation.outside_broker)
        if not answer.ready:
            raise EmbeddedError(f"The broker at BROKER_URL does not answer: {answer.detail}")
        say("broker: answers at BROKER_URL")


def start_applications(installation: Installation, *, port: int, say: Say) -> None:
    """Start the web server, the worker, the clock, the sequencer and the search.

    Raises:
        EmbeddedError: one of them does not become ready.
    """
    for service in installation.applications(port=port, say=say):
        ensure_running(service, installation.layout, say=say)


def stop_everything(installation: Installation, *, say: Say) -> None:
    """Stop what is ours, in reverse order of the start."""
    for service in reversed([*installation.services(), *installation.applications(port=0, say=say)]):
        say(f"{service.name}: {'stopped' if stop_service(service, installation.layout) else 'was not running'}")
