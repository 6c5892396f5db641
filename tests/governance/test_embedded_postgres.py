import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import conninfo

from governance.embedded.addresses import admin_url, default_urls
from governance.embedded.binaries import postgres_binary
from governance.embedded.errors import EmbeddedError
from governance.embedded.postgres import data_folder, postgres_service
from governance.embedded.probes import probe_database
from governance.embedded.processes import find_processes
from governance.embedded.service import ensure_running, find_service, stop_service
from governance.embedded.sockets import socket_folder
from governance.embedded.supervisor import Installation, start_services, stop_everything

pytestmark = pytest.mark.embedded


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation.at(tmp_path / "home", environment={})
    yield made
    stop_everything(made, say=print)
    socket_folder(made.layout).rmdir()


def start_postgres(installation: Installation) -> psutil.Process:
    service = postgres_service(installation.layout, installation.credentials)
    ensure_running(service, installation.layout, say=print)
    return find_service(service, installation.layout)[0]


def superuser(installation: Installation) -> psycopg.Connection:
    return psycopg.connect(admin_url(installation.layout, installation.credentials), autocommit=True)


def every_parent(path: Path) -> dict[Path, tuple[int, int, int]]:
    return {folder: (folder.stat().st_mode, folder.stat().st_uid, folder.stat().st_gid) for folder in path.parents}


def test_a_password_is_asked_of_everyone_from_the_first_start(installation: Installation) -> None:
    start_postgres(installation)
    address = conninfo.conninfo_to_dict(admin_url(installation.layout, installation.credentials))

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**{**address, "password": "not the password"})
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(**{**address, "password": "", "passfile": "/dev/null"})
    with superuser(installation) as connection:
        rules = connection.execute("SELECT type, database, user_name, auth_method FROM pg_hba_file_rules").fetchall()
    assert rules == [("local", ["all"], ["all"], "scram-sha-256")]


def test_the_server_is_durable_and_listens_on_its_private_socket_alone(installation: Installation) -> None:
    process = start_postgres(installation)

    with superuser(installation) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("listen_addresses", "data_checksums", "fsync", "synchronous_commit", "full_page_writes")
        }

    assert shown == {
        "listen_addresses": "",
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
    }
    assert process.net_connections("inet") == []
    assert stat.S_IMODE(socket_folder(installation.layout).stat().st_mode) == 0o700


def test_no_password_shows_in_a_process_list(installation: Installation) -> None:
    start_services(installation, say=print)
    secrets = vars(installation.credentials).values()

    shown = [
        word
        for service in installation.services()
        for process in find_service(service, installation.layout)
        for word in process.cmdline()
    ]

    assert shown
    assert [word for word in shown for secret in secrets if secret in word] == []


def test_every_acknowledged_row_survives_the_death_of_the_server(installation: Installation) -> None:
    postmaster = start_postgres(installation)
    acknowledged: list[int] = []

    def write_until_refused() -> None:
        with superuser(installation) as connection:
            try:
                for number in range(1_000_000):
                    connection.execute("INSERT INTO row VALUES (%s)", [number])
                    acknowledged.append(number)
            except psycopg.OperationalError:
                return

    with superuser(installation) as connection:
        connection.execute("CREATE TABLE row (number bigint PRIMARY KEY)")
    writer = threading.Thread(target=write_until_refused)
    writer.start()
    while len(acknowledged) < 300:
        time.sleep(0.01)
    postmaster.kill()
    writer.join(timeout=60)
    restarted = start_postgres(installation)

    with superuser(installation) as connection:
        kept = {number for (number,) in connection.execute("SELECT number FROM row")}
    assert restarted.pid != postmaster.pid
    assert len(acknowledged) >= 300
    assert set(acknowledged) - kept == set()


def test_a_stale_lock_file_that_names_a_stranger_is_not_believed(installation: Installation) -> None:
    postmaster = start_postgres(installation)
    lock = data_folder(installation.layout) / "postmaster.pid"
    written = lock.read_text().splitlines()
    postmaster.kill()
    with subprocess.Popen(["/bin/sleep", "300"]) as stranger:
        lock.write_text("\n".join([str(stranger.pid), *written[1:]]) + "\n")

        start_postgres(installation)

        assert stranger.poll() is None
        stranger.kill()


def test_a_server_whose_socket_was_swept_away_is_started_afresh(installation: Installation) -> None:
    postmaster = start_postgres(installation)
    for file in socket_folder(installation.layout).iterdir():
        file.unlink()
    socket_folder(installation.layout).rmdir()

    assert start_postgres(installation).pid != postmaster.pid


def test_an_initialisation_killed_half_way_is_begun_again(installation: Installation) -> None:
    home = installation.layout.root
    starting = (
        "import sys; from pathlib import Path; from governance.embedded.supervisor import Installation, start_services;"
        "start_services(Installation.at(Path(sys.argv[1]), environment={}), say=print)"
    )
    with subprocess.Popen([sys.executable, "-c", starting, str(home)], start_new_session=True) as first:
        while not list(installation.layout.postgres.glob("unfinished-*/cluster/PG_VERSION")):
            assert first.poll() is None
            time.sleep(0.001)
        os.killpg(first.pid, signal.SIGKILL)
    assert not data_folder(installation.layout).exists()

    start_postgres(installation)

    assert probe_database(admin_url(installation.layout, installation.credentials)).ready
    assert [path.name for path in installation.layout.postgres.iterdir()] == ["18"]


def test_the_permissions_of_every_parent_stay_as_they_are_even_when_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    made = Installation.at(closed / "home", environment={})
    binary = postgres_binary("postgres")
    before = every_parent(made.layout.root), every_parent(binary), every_parent(socket_folder(made.layout))

    start_services(made, say=print)
    stop_everything(made, say=print)

    after = every_parent(made.layout.root), every_parent(binary), every_parent(socket_folder(made.layout))
    assert after == before
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    socket_folder(made.layout).rmdir()


def test_credentials_of_another_database_are_refused_at_once(installation: Installation) -> None:
    start_postgres(installation)
    wrong = replace(installation.credentials, superuser="of another installation")

    with pytest.raises(EmbeddedError, match="restore both from the same backup"):
        ensure_running(postgres_service(installation.layout, wrong), installation.layout, say=print)


def test_stopping_leaves_no_process_and_keeps_the_data(installation: Installation) -> None:
    start_services(installation, say=print)
    with psycopg.connect(default_urls(installation.layout.root)["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 1 AS number")

    stop_everything(installation, say=print)
    left = [found for service in installation.services() for found in find_processes(service.belongs)]
    start_services(installation, say=print)

    with psycopg.connect(default_urls(installation.layout.root)["DATABASE_URL"]) as application:
        assert application.execute("SELECT number FROM kept").fetchall() == [(1,)]
    assert left == []


def test_stopping_what_does_not_run_says_so(installation: Installation) -> None:
    assert not stop_service(postgres_service(installation.layout, installation.credentials), installation.layout)
