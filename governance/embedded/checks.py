"""Examines each part of an installation and says what to do about the ones that fail."""

import shutil
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psycopg

from governance.embedded.applications import CHECKOUT
from governance.embedded.credentials import credentials_are_private
from governance.embedded.errors import EmbeddedError
from governance.embedded.layout import Layout
from governance.embedded.probes import probe_broker
from governance.embedded.service import Service, ask_service

_PYTHON = (3, 11)
_LEAST_FREE_BYTES = 2 * 10**9
_START = "run `manage.py up`"
_ROLE = """
    SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
           (SELECT count(*) FROM pg_shdepend
            WHERE refclassid = 'pg_authid'::regclass AND refobjid = r.oid AND deptype = 'o'),
           (SELECT count(*) FROM pg_auth_members WHERE member = r.oid)
    FROM pg_roles AS r WHERE rolname = current_user
"""
_FLAWS = (
    "is superuser",
    "bypasses row security",
    "creates roles",
    "creates databases",
    "owns objects",
    "is a member of roles",
)


@dataclass(frozen=True)
class Check:
    """One part, whether it is well, and what to do when it is not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def run_check(name: str, check: Callable[[], str], *, remedy: str) -> Check:
    """Run one check: it returns what it saw, or raises to say what is wrong."""
    try:
        return Check(name, ok=True, detail=check())
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
        return Check(name, ok=False, detail=" ".join(str(error).split()) or type(error).__name__, remedy=remedy)


def check_python() -> str:
    if sys.version_info[:2] != _PYTHON:
        raise EmbeddedError(f"Python {sys.version.split()[0]} runs, {'.'.join(map(str, _PYTHON))} is needed.")
    return sys.version.split()[0]


def check_packages() -> str:
    """Every pinned requirement of the project is installed in exactly that version."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [pin.split("==") for pin in project["dependencies"] if "==" in pin]
    wrong = [f"{name} {version}" for name, version in pins if _installed(name.split("[")[0]) != version]
    if wrong:
        raise EmbeddedError(f"Missing or of another version: {', '.join(wrong)}.")
    return f"{len(pins)} as pinned"


def check_disk(home: Path) -> str:
    free = shutil.disk_usage(home).free
    if free < _LEAST_FREE_BYTES:
        raise EmbeddedError(f"Only {free / 1e9:.1f} GB are free under {home}.")
    return f"{free / 1e9:.0f} GB free"


def check_credentials(layout: Layout) -> str:
    if not credentials_are_private(layout.credentials) or not credentials_are_private(layout.root):
        raise EmbeddedError(f"Others may read {layout.root} or {layout.credentials}.")
    return "readable by their owner alone"


def check_database(url: str) -> str:
    """The application's role reaches the database, and has no power beyond its grants."""
    with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
        powers = connection.execute(_ROLE).fetchone() or ()
        flaws = [flaw for flaw, power in zip(_FLAWS, powers, strict=True) if power]
        if flaws:
            raise EmbeddedError(f"The application's role {connection.info.user} {', '.join(flaws)}.")
        return f"PostgreSQL {connection.info.server_version // 10_000}, role {connection.info.user} owns nothing"


def check_broker(url: str) -> str:
    answer = probe_broker(url)
    if not answer.ready:
        raise EmbeddedError(answer.detail)
    return answer.detail


def check_service(service: Service, layout: Layout) -> Check:
    def ask() -> str:
        answer = ask_service(service, layout)
        if not answer.ready:
            raise EmbeddedError(answer.detail)
        return answer.detail

    return run_check(service.name, ask, remedy=f"{_START}; its log is {layout.log(service.name)}")


def check_installation(layout: Layout, *, database: str, broker: str) -> list[Check]:
    """The parts that every installation has, embedded or not."""
    install = "install the project's requirements again, with Python 3.11"
    role = f"{_START}; if the role has too much power, `manage.py provision --admin-url …` mends it"
    return [
        run_check("python", check_python, remedy="use Python 3.11"),
        run_check("packages", check_packages, remedy=install),
        run_check("disk", lambda: check_disk(layout.root), remedy="free some space or move VIVAVOCE_HOME"),
        run_check("credentials", lambda: check_credentials(layout), remedy=f"run `chmod -R go= {layout.root}`"),
        run_check("database", lambda: check_database(database), remedy=role),
        run_check("broker", lambda: check_broker(broker), remedy=_START),
    ]


def _installed(name: str) -> str | None:
    """The version without its local part: `2.13.0+cpu` is the build of 2.13.0 for machines without a GPU."""
    try:
        return metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError:
        return None
