import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.embedded.errors import EmbeddedError
from governance.embedded.processes import find_processes
from governance.embedded.sockets import socket_folder
from governance.embedded.supervisor import Installation, sole_supervisor, start_services, stop_everything

pytestmark = pytest.mark.embedded
_UP = """
import sys; from pathlib import Path
from governance.embedded.supervisor import Installation, sole_supervisor, start_services
installation = Installation.at(Path(sys.argv[1]), environment={}, durable=False)
with sole_supervisor(installation, say=print):
    start_services(installation, say=print)
"""


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation.at(tmp_path / "home", environment={}, durable=False)
    yield made
    stop_everything(made, say=print)
    socket_folder(made.layout).rmdir()


def test_several_starts_at_once_make_one_system(installation: Installation) -> None:
    command = [sys.executable, "-c", _UP, str(installation.layout.root)]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [start.communicate(timeout=120) for start in starts]

    assert [start.returncode for start in starts] == [0, 0, 0], said
    everything = "".join(output for output, _errors in said)
    assert everything.count("postgres: started") == 1
    assert everything.count("postgres: running") == 2
    assert everything.count("valkey: started") == 1
    servers = find_processes(
        lambda p: p.name() == "postgres" and str(installation.layout.root) in " ".join(p.cmdline())
    )
    assert len([server for server in servers if "-D" in server.cmdline()]) == 1


def test_the_lock_dies_with_its_holder(installation: Installation) -> None:
    holding = _UP.replace("    start_services(installation, say=print)", "    print('held', flush=True); input()")
    command = [sys.executable, "-c", holding, str(installation.layout.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()

    said: list[str] = []
    with sole_supervisor(installation, say=said.append):
        assert said == []


def test_services_that_are_set_up_outside_are_not_started(tmp_path: Path) -> None:
    made = Installation.at(
        tmp_path / "home",
        environment={
            "DATABASE_URL": f"postgresql://vivavoce_app:x@/vivavoce?host={tmp_path}",
            "DATABASE_OWNER_URL": f"postgresql://vivavoce_owner:x@/vivavoce?host={tmp_path}",
            "BROKER_URL": f"redis+socket://{tmp_path}/none.sock",
        },
    )

    assert made.services() == []
    with pytest.raises(EmbeddedError, match="database at DATABASE_URL does not answer"):
        start_services(made, say=print)


def test_half_a_database_outside_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="DATABASE_OWNER_URL is not"):
        Installation.at(tmp_path / "home", environment={"DATABASE_URL": "postgresql://vivavoce_app@/vivavoce"})
