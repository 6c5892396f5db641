"""The sequencer as one of our processes: what its report is taken for."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from governance.embedded.applications import sequencer_service
from governance.embedded.layout import Layout, prepare_layout
from governance.embedded.probes import Answer
from governance.embedded.processes import launch, stop_processes
from governance.embedded.supervisor import Installation


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return prepare_layout(tmp_path / "home")


@pytest.fixture
def process(layout: Layout) -> Iterator[psutil.Process]:
    """A process in the sequencer's place."""
    record = layout.run / "sequencer.json"
    started = launch(["/bin/sleep", "300"], record=record, log=layout.log("sequencer"), environment={})
    yield started
    stop_processes([started], by=signal.SIGKILL, grace_s=1)


def report(layout: Layout, **said: object) -> None:
    (layout.run / "sequencer.report").write_text(json.dumps(said))


def test_the_sequencer_is_asked_through_its_report(layout: Layout, process: psutil.Process) -> None:
    report(layout, well=True, detail="keeps the log", pid=process.pid, at=time.time())
    assert sequencer_service(layout).probe() == Answer.yes("keeps the log")


def test_what_it_complains_of_is_passed_on(layout: Layout, process: psutil.Process) -> None:
    report(layout, well=False, detail="the log disagrees", pid=process.pid, at=time.time())
    assert sequencer_service(layout).probe() == Answer.silent("the log disagrees")


def test_an_old_report_or_a_predecessors_is_not_believed(layout: Layout, process: psutil.Process) -> None:
    report(layout, well=True, detail="keeps the log", pid=process.pid, at=time.time() - 120)
    assert sequencer_service(layout).probe() == Answer.silent("does not report any more")
    report(layout, well=True, detail="keeps the log", pid=1, at=time.time())
    assert sequencer_service(layout).probe() == Answer.silent("does not report any more")


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"pid": 1}'])
def test_a_missing_or_damaged_report_is_silence(layout: Layout, process: psutil.Process, content: str | None) -> None:
    if content is not None:
        (layout.run / "sequencer.report").write_text(content)
    assert not sequencer_service(layout).probe().ready


def test_without_a_process_it_does_not_run(layout: Layout) -> None:
    report(layout, well=True, detail="keeps the log", pid=1, at=time.time())
    assert sequencer_service(layout).probe() == Answer.silent("not running")


def test_up_starts_it_and_the_search_last_and_down_knows_them(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path / "home", environment={})
    services = installation.applications(port=0, say=print)
    assert [service.name for service in services] == ["web", "worker", "beat", "sequencer", "search"]
    assert [service.command()[0] for service in services[-2:]] == [sys.executable, sys.executable]
    assert [service.command()[2] for service in services[-2:]] == ["sequence_audit_log", "search_protected_voices"]
