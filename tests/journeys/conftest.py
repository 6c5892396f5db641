"""The live stack for journeys: a real web server and a real worker on the session's services."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from governance.queue import app

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class LiveStack:
    """Where the web process answers; and its worker, which a test may kill."""

    base: str
    environment: dict[str, str]
    logs: Path
    worker: subprocess.Popen[bytes]

    def start_worker(self) -> None:
        command = ["celery", "-A", "governance.queue", "worker", "--concurrency=1", "--loglevel=INFO"]
        command += [
            "-Q",
            "mail,preparation,synthesis,ceremony,detection,celery",
            "--without-mingle",
            "--without-gossip",
        ]
        self.worker = self._run(command, "worker.log")

    def reconcile(self) -> None:
        """What beat would ask for within ten seconds."""
        app.send_task("governance.requeue_lost_work")

    def _run(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self.logs / log).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def live_stack(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """Web and worker as separate processes, killed at the end."""
    port = free_port()
    environment = {**os.environ, "VIVAVOCE_TESTING": "1", "DEMO_SYNTHETIC_SPEAKERS": "1", "CHALLENGE_SECONDS": "600"}
    environment["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    stack = LiveStack(f"http://127.0.0.1:{port}", environment, tmp_path_factory.mktemp("live"), None)  # type: ignore[arg-type]
    command = [
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "governance.wsgi:application",
    ]
    web = stack._run(command, "web.log")
    stack.start_worker()
    try:
        _wait_for(f"{stack.base}/readyz", stack.logs / "web.log")
        yield stack
    finally:
        for process in (stack.worker, web):
            os.killpg(process.pid, 9)
            process.wait()


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except requests.RequestException:  # not listening yet, or slow to answer on a busy machine
            time.sleep(0.2)
    raise RuntimeError(f"The web process did not get ready:\n{log.read_text()[-3000:]}")
