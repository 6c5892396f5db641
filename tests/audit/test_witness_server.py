from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit.notes import Note, VerifierKey, verify
from audit.witness import server as server_module
from audit.witness.wire import MAX_REQUEST
from tests.witnesses import RunningWitness, SmallLog, running_witness

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log() -> SmallLog:
    return SmallLog("log.example/one").grow("a", "b", "c")


@pytest.fixture
def witness(tmp_path: Path, log: SmallLog) -> Iterator[RunningWitness]:
    with running_witness(tmp_path / "w1", "witness.example/w1", logs=[log]) as running:
        yield running


@contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        yield connection
    finally:
        connection.close()


def submit(
    connection: http.client.HTTPConnection, body: bytes, *, method: str = "POST", path: str = "/add-checkpoint"
) -> tuple[int, str | None, str]:
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, response.headers["Content-Type"], response.read().decode()


def test_one_connection_serves_many_requests(witness: RunningWitness, log: SmallLog) -> None:
    with connected(witness.url) as connection:
        status, _, lines = submit(connection, log.request(0))
        assert (status, len(verify(Note.parse(f"{log.note().text}\n{lines}"), witness.keys))) == (200, 2)
        local = connection.sock.getsockname()
        assert submit(connection, log.grow("d").request(1)) == (409, "text/x.tlog.size", "3\n")
        assert submit(connection, log.request(3))[0] == 200
        assert connection.sock.getsockname() == local


def test_refusals_have_their_status_and_say_why(witness: RunningWitness, log: SmallLog) -> None:
    stranger = SmallLog("log.example/stranger").grow("a")
    forged = log.request(0).replace(log.note().signatures[0].line().encode(), b"")
    with connected(witness.url) as connection:
        assert submit(connection, b"nonsense")[0] == 400
        assert submit(connection, forged[:-30])[0] == 403
        assert submit(connection, stranger.request(0))[0] == 404
        assert submit(connection, log.request(0, proof=[bytes(32)]))[0] == 422
        assert submit(connection, log.request(0), path="/elsewhere")[0] == 404
        assert submit(connection, b"", method="GET")[0] == 501
        assert submit(connection, log.request(0))[0] == 200


def test_a_request_that_is_too_long_or_says_no_length_is_not_read(witness: RunningWitness, log: SmallLog) -> None:
    with connected(witness.url) as connection:
        assert submit(connection, b"x" * (MAX_REQUEST + 1))[0] == 400
    with connected(witness.url) as connection:
        connection.putrequest("POST", "/add-checkpoint")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        assert connection.getresponse().status == 400
    with connected(witness.url) as connection:
        assert submit(connection, log.request(0))[0] == 200


def test_a_witness_that_cannot_remember_says_so_and_cosigns_nothing(witness: RunningWitness, log: SmallLog) -> None:
    witness.state._path(log.origin).write_bytes(b"damaged")
    with connected(witness.url) as connection:
        status, _, body = submit(connection, log.request(0))
    assert (status, body) == (500, "The witness cannot answer at present.\n")


def test_idle_connections_do_not_shut_others_out_for_ever(
    tmp_path: Path, log: SmallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module._Handler, "timeout", 0.2)
    with running_witness(tmp_path / "w", "witness.example/w", logs=[log]) as witness, ExitStack() as idle:
        for _ in range(server_module.MOST_CONNECTIONS):
            idle.enter_context(connected(witness.url)).connect()
        until = time.monotonic() + 10
        while not has_a_place(witness, log):
            assert time.monotonic() < until
            time.sleep(0.05)


def has_a_place(witness: RunningWitness, log: SmallLog) -> bool:
    try:
        with connected(witness.url) as connection:
            return submit(connection, log.request(0))[0] in {200, 409}
    except (OSError, http.client.HTTPException):
        return False


def test_the_command_makes_a_witness_and_says_how_to_rely_on_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("new_witness_key", state=tmp_path / "w", name="witness.example/w1", url="https://witness.example/w1")
    lines = capsys.readouterr().out
    keys = [VerifierKey.parse(vkey) for vkey in re.findall(r"^witness \S+ (\S+) https://witness", lines, re.MULTILINE)]
    assert {key.type.value for key in keys} == {0x04, 0x06}
    with pytest.raises(CommandError, match="holds a witness already"):
        call_command("new_witness_key", state=tmp_path / "w", name="witness.example/w1")


@contextmanager
def witness_process(state: Path, logs: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "manage.py", "run_witness", "--state", str(state), "--logs", str(logs), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ.copy(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield process, line.split()[-1]
        finally:
            process.kill()


def test_a_witness_process_that_is_killed_remembers_what_it_cosigned(tmp_path: Path, log: SmallLog) -> None:
    call_command("new_witness_key", state=tmp_path / "w", name="witness.example/w1")
    (tmp_path / "logs").write_text("".join(f"log {key}\n" for key in log.keys))
    with witness_process(tmp_path / "w", tmp_path / "logs") as (process, url):
        with connected(url) as connection:
            assert submit(connection, log.request(0))[0] == 200
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    fork = log.fork(1, "y", "z", "!")
    with witness_process(tmp_path / "w", tmp_path / "logs") as (process, url):
        with connected(url) as connection:
            assert submit(connection, fork.request(0)) == (409, "text/x.tlog.size", "3\n")
            assert submit(connection, fork.request(3))[0] == 422
            assert submit(connection, log.grow("d").request(3))[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
