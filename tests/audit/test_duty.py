from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as configured
from django.db import connection

from audit import storage
from audit.duty import Report, serve
from audit.identity import signers
from audit.models import LogState, Staged
from audit.notes import Checkpoint, sign
from tenancy.models import Organisation
from tests.audit.log_rows import note_down, places_of, read_published
from tests.cast import found

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


@pytest.fixture
def firm(committed_db: None) -> Organisation:
    return found("Northwind")


class Sequencer:
    """A real process, and what it reports."""

    def __init__(self, report: Path) -> None:
        self._report = report
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "sequence_audit_log", "--report", str(report)],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "governance.settings"},
            stderr=subprocess.PIPE,
        )

    @property
    def detail(self) -> str:
        return str(json.loads(self._report.read_text())["detail"]) if self._report.exists() else ""

    def end(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Sequencer]]:
    started: list[Sequencer] = []

    def begin(name: str) -> Sequencer:
        started.append(Sequencer(tmp_path / f"{name}.report"))
        return started[-1]

    yield begin
    for sequencer in started:
        if sequencer.process.poll() is None:
            sequencer.end(signal.SIGKILL)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_standby_takes_over_when_the_active_sequencer_is_killed(
    firm: Organisation, start: Callable[[str], Sequencer]
) -> None:
    first = start("first")
    until(lambda: first.detail.startswith("keeps the log"))
    second = start("second")
    until(lambda: second.detail.startswith("stands by"))
    before = LogState.objects.get().size
    written = [entry for _ in range(20) for entry in note_down(firm, 10)]
    first.end(signal.SIGKILL)
    written += [entry for _ in range(20) for entry in note_down(firm, 10)]

    until(lambda: second.detail.startswith("keeps the log"))
    until(lambda: not Staged.objects.exists())
    assert places_of(written) == list(range(before, before + 400))
    until(lambda: storage.published_size() == before + 400)
    assert second.end(signal.SIGTERM) == 0
    assert read_published().size == before + 400


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[[], dict[str, object]]]:
    """The sequencer's duty in a thread of this process; call it for the latest report."""
    stop, report = threading.Event(), tmp_path / "report"

    def run() -> None:
        serve(stop, tell=told.append, report=Report(report))

    told: list[int] = []
    thread = threading.Thread(target=run)
    thread.start()
    yield lambda: {
        **(json.loads(report.read_text()) if report.exists() else {"detail": "", "well": None}),
        "told": told,
    }
    stop.set()
    thread.join()


def test_what_is_acknowledged_is_provable_within_three_seconds_and_told_to_the_witnesses(
    firm: Organisation, serving: Callable[[], dict[str, object]]
) -> None:
    until(lambda: str(serving()["detail"]).startswith("keeps the log"))
    note_down(firm)
    acknowledged = time.monotonic()
    size = LogState.objects.get().size + Staged.objects.count()
    until(lambda: storage.published_size() >= size)
    assert time.monotonic() - acknowledged < 3.0
    until(lambda: storage.published_size() in serving()["told"])  # type: ignore[operator]


def test_a_lost_connection_is_made_anew(firm: Organisation, serving: Callable[[], dict[str, object]]) -> None:
    until(lambda: str(serving()["detail"]).startswith("keeps the log"))
    with psycopg.connect(configured.DATABASE_URL, autocommit=True) as intruder:
        ended = intruder.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert ended is not None
    assert ended[0] >= 1
    until(lambda: serving()["well"] is False)
    written = note_down(firm)
    until(lambda: not Staged.objects.filter(entry_id__in=written).exists())
    until(lambda: serving()["well"] is True)


def test_a_log_that_must_not_go_on_is_reported_until_somebody_mends_it(
    firm: Organisation, settings: object, tmp_path: Path, serving: Callable[[], dict[str, object]]
) -> None:
    until(lambda: str(serving()["detail"]).startswith("keeps the log"))
    until(lambda: storage.published_size() == LogState.objects.get().size)
    intact = storage.read("checkpoint")
    ahead = Checkpoint(configured.LOG_ORIGIN, LogState.objects.get().size + 9, b"r" * 32)
    storage.write("checkpoint", sign(ahead.text(), signers=signers(), at=1_800_000_000).format().encode())
    [written] = note_down(firm)
    until(lambda: "restored from an older backup" in str(serving()["detail"]))
    assert serving()["well"] is False
    assert Staged.objects.filter(entry_id=written).exists()
    storage.write("checkpoint", intact)
    until(lambda: serving()["well"] is True)
    until(lambda: not Staged.objects.filter(entry_id=written).exists())
    connection.close()
