"""Runs PostgreSQL from its wheel on a private Unix socket, with passwords from the first moment on."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

from governance.embedded.addresses import SUPERUSER_ROLE, admin_url
from governance.embedded.binaries import POSTGRES_MAJOR, postgres_binary, without_root
from governance.embedded.credentials import Credentials
from governance.embedded.errors import EmbeddedError
from governance.embedded.files import sync_folder, write_private
from governance.embedded.layout import Layout
from governance.embedded.probes import probe_database
from governance.embedded.processes import run_once, runs_in
from governance.embedded.service import Service
from governance.embedded.sockets import socket_folder

_UNFINISHED = "unfinished-"
_WHO_MAY_ENTER = "# Only the Unix socket, only with a password.\nlocal all all scram-sha-256\n"
_HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def postgres_service(layout: Layout, credentials: Credentials, *, durable: bool = True) -> Service:
    """PostgreSQL under this state folder; `durable=False` trades crash safety for speed, for tests only."""
    address = admin_url(layout, credentials)
    return Service(
        name="postgres",
        prepare=lambda: _prepare(layout, credentials, durable=durable),
        command=lambda: _command(layout, durable=durable),
        environment=_environment(),
        probe=lambda: probe_database(address),
        belongs=runs_in(data_folder(layout), name="postgres"),
        start_s=15,  # until it answers at all; recovery may take longer, and says so
        stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back, everything committed is kept
        stop_s=60,
    )


def data_folder(layout: Layout) -> Path:
    return layout.postgres / str(POSTGRES_MAJOR)


def _prepare(layout: Layout, credentials: Credentials, *, durable: bool) -> None:
    """Make the cluster if there is none, and clear what a killed server left behind.

    PostgreSQL itself believes a stale lock file when its process id has been given to another process.
    """
    if not data_folder(layout).exists():
        _initialise(layout, credentials, durable=durable)
    leftovers = [data_folder(layout) / "postmaster.pid", *socket_folder(layout).glob(".s.PGSQL.*")]
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)


def _initialise(layout: Layout, credentials: Credentials, *, durable: bool) -> None:
    """Make the cluster in a folder of its own, and give it its name only when it is complete."""
    for unfinished in layout.postgres.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=layout.postgres))
    cluster = draft / "cluster"
    password = draft / "password"
    write_private(password, credentials.superuser + "\n")
    result = run_once(_initdb(cluster, password, durable=durable), environment=_environment())
    if result.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise EmbeddedError(f"PostgreSQL could not be set up in {layout.postgres}:\n{result.stdout}{result.stderr}")
    write_private(cluster / "pg_hba.conf", _WHO_MAY_ENTER)
    cluster.rename(data_folder(layout))
    sync_folder(layout.postgres)
    shutil.rmtree(draft, ignore_errors=True)


def _initdb(cluster: Path, password: Path, *, durable: bool) -> list[str]:
    command = [
        str(postgres_binary("initdb")),
        f"--pgdata={cluster}",
        f"--username={SUPERUSER_ROLE}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--data-checksums",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",  # the same order on every machine and after every system upgrade
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    return without_root(command if durable else [*command, "--no-sync"])


def _command(layout: Layout, *, durable: bool) -> list[str]:
    settings = [
        "listen_addresses=",
        f"unix_socket_directories={socket_folder(layout)}",
        "unix_socket_permissions=0700",
        "password_encryption=scram-sha-256",
        "log_line_prefix=%m [%p] %u@%d ",
        "timezone=UTC",
        "log_timezone=UTC",
        *(() if durable else _HASTY),
    ]
    command = [str(postgres_binary("postgres")), "-D", str(data_folder(layout))]
    return without_root([*command, *(word for setting in settings for word in ("-c", setting))])


def _environment() -> dict[str, str]:
    """Ours, without the variables that would steer PostgreSQL elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
