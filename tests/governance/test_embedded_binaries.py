import os
import shutil
import subprocess
import sys

import pytest

from governance.embedded.binaries import postgres_binary, valkey_binary, without_root
from governance.embedded.errors import EmbeddedError

pytestmark = pytest.mark.embedded
_IN_A_NAMESPACE_THAT_FORBIDS_MORE = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" -c "$1"'
_ASK = """
from governance.embedded.binaries import without_root
from governance.embedded.errors import EmbeddedError
try:
    without_root(["initdb"])
except EmbeddedError as error:
    print(error)
"""


def test_the_wheels_hold_the_programs_we_run() -> None:
    said = [
        subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True).stdout
        for binary in (postgres_binary("postgres"), postgres_binary("pg_dump"), valkey_binary())
    ]

    assert said[0].startswith("postgres (PostgreSQL) 18.")
    assert said[1].startswith("pg_dump (PostgreSQL) 18.")
    assert said[2].startswith("Valkey server v=9.")


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(EmbeddedError, match="set DATABASE_URL and BROKER_URL to servers"):
        postgres_binary("oracle")


@pytest.mark.skipif(os.geteuid() == 0, reason="root needs the namespace")
def test_an_ordinary_user_runs_the_program_itself() -> None:
    assert without_root(["initdb"]) == ["initdb"]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
def test_where_namespaces_are_forbidden_root_is_told_what_to_do() -> None:
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", _IN_A_NAMESPACE_THAT_FORBIDS_MORE]

    told = subprocess.run([*command, sys.executable, _ASK], capture_output=True, text=True, check=True)

    assert "refuses to run as root and this machine forbids user namespaces" in told.stdout
    assert "run as an ordinary user" in told.stdout
    assert "set DATABASE_URL" in told.stdout
