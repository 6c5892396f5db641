"""Real PostgreSQL and Valkey for a test session: embedded and throw-away, or the external ones that were given."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import conninfo, sql

from governance.embedded.addresses import APPLICATION_ROLE, OWNER_ROLE, default_urls
from governance.embedded.provisioning import provision_database
from governance.embedded.sockets import socket_folder
from governance.embedded.supervisor import Installation, sole_supervisor, start_services, stop_everything

_PREFIX = "vivavoce-test-"
_NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "VIVAVOCE_HOME")


@dataclass(frozen=True)
class TestServices:
    """The running services; their addresses stand in the environment until `stop`."""

    __test__ = False

    home: Path
    embedded: bool
    _end: Callable[[], None]

    def stop(self) -> None:
        """Stop what was started, drop what was created, and clear the environment."""
        self._end()
        shutil.rmtree(self.home, ignore_errors=True)
        for name in _NAMES:
            os.environ.pop(name, None)


def start_test_services(*, durable: bool = False) -> TestServices:
    """Start them and set the environment; call it before Django reads its settings.

    With `durable` a commit waits for the disk, as in service; tests need not wait.
    With VIVAVOCE_TEST_EXTERNAL set, DATABASE_ADMIN_URL and BROKER_URL name the servers to use instead.
    """
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    os.environ["VIVAVOCE_HOME"] = str(home)
    if os.environ.get("VIVAVOCE_TEST_EXTERNAL"):
        return _use_external(home)
    _sweep_abandoned()
    installation = Installation.at(home, environment={}, durable=durable)
    with sole_supervisor(installation, say=_quietly):
        start_services(installation, say=_quietly)
    os.environ.update({name: url for name, url in default_urls(home).items() if name in _NAMES})
    return TestServices(home, embedded=True, _end=lambda: _stop(installation))


def _stop(installation: Installation) -> None:
    stop_everything(installation, say=_quietly)
    shutil.rmtree(socket_folder(installation.layout), ignore_errors=True)


def _use_external(home: Path) -> TestServices:
    admin = os.environ["DATABASE_ADMIN_URL"]
    name = f"vivavoce_test_{os.getpid()}"
    # Roles belong to the whole server: the same passwords each time let two sessions share it.
    passwords = {
        role: hashlib.sha256(f"{role}:{admin}".encode()).hexdigest() for role in (OWNER_ROLE, APPLICATION_ROLE)
    }
    provision_database(
        admin,
        name=name,
        owner_password=passwords[OWNER_ROLE],
        application_password=passwords[APPLICATION_ROLE],
        owner_may_create_databases=True,
    )

    def address(role: str) -> str:
        parts = conninfo.conninfo_to_dict(admin)
        where = f"host={parts['host']}&port={parts.get('port', 5432)}"
        return f"postgresql://{role}:{passwords[role]}@/{name}?{where}"

    def drop() -> None:
        with psycopg.connect(admin, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    os.environ.update(DATABASE_URL=address(APPLICATION_ROLE), DATABASE_OWNER_URL=address(OWNER_ROLE))
    return TestServices(home, embedded=False, _end=drop)


def _sweep_abandoned() -> None:
    """Stop and remove what a killed test session left behind."""
    for home in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = home.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)) and home.stat().st_uid == os.geteuid():
            with contextlib.suppress(OSError):
                _stop(Installation.at(home, environment={}))
            shutil.rmtree(home, ignore_errors=True)


def _quietly(_text: str) -> None:
    """The services' progress is no part of a test report."""
