import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from governance.embedded.errors import EmbeddedError
from governance.embedded.layout import Layout, prepare_layout
from governance.embedded.probes import Answer
from governance.embedded.processes import find_processes, is_alive, launch, recorded, stop_processes, was_given
from governance.embedded.service import Service, ask_service, ensure_running, find_service, stop_service


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return prepare_layout(tmp_path / "home")


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process of the same user that has nothing to do with us."""
    with subprocess.Popen(["/bin/sleep", "300"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def make_service(layout: Layout, script: str, *, answer: Answer, start_s: float = 10) -> Service:
    marks = {"VIVAVOCE_HOME": str(layout.root), "VIVAVOCE_PROCESS": "example"}
    return Service(
        name="example",
        prepare=lambda: None,
        command=lambda: [sys.executable, "-c", script],
        environment=marks,
        probe=lambda: answer,
        belongs=was_given(marks),
        start_s=start_s,
        stop_signal=signal.SIGTERM,
        stop_s=0.5,
    )


def test_a_record_whose_process_id_now_belongs_to_another_is_neither_believed_nor_killed(
    layout: Layout, stranger: psutil.Process
) -> None:
    record = layout.run / "example.json"
    record.write_text(json.dumps({"pid": stranger.pid, "started": stranger.create_time() - 3600, "command": "x"}))
    service = make_service(layout, "", answer=Answer.yes("here"))

    assert recorded(record) is None
    assert ask_service(service, layout) == Answer.silent("not running")
    assert not stop_service(service, layout)
    assert is_alive(stranger)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": "x", "started": 1}', '{"pid": 1}'])
def test_a_damaged_record_is_no_record(layout: Layout, content: str) -> None:
    record = layout.run / "example.json"
    record.write_text(content)

    assert recorded(record) is None


def test_a_process_whose_record_was_never_written_is_found_and_stopped(layout: Layout) -> None:
    service = make_service(layout, "import time; time.sleep(300)", answer=Answer.yes("here"))
    ensure_running(service, layout, say=print)
    (layout.run / "example.json").unlink()
    found = find_service(service, layout)

    stopped = stop_service(service, layout)

    assert len(found) == 1
    assert stopped
    assert find_processes(service.belongs) == []


def test_a_process_that_ignores_the_polite_request_is_killed_with_its_children(layout: Layout) -> None:
    script = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']); time.sleep(300)"
    )
    service = make_service(layout, script, answer=Answer.yes("here"))
    ensure_running(service, layout, say=print)
    while len(find_processes(service.belongs)) < 2:
        pass

    stop_service(service, layout)

    assert find_processes(service.belongs) == []


def test_a_child_that_outlived_its_parent_is_replaced_even_when_it_answers(layout: Layout) -> None:
    script = "import os, time; os.fork(); time.sleep(300)"
    service = make_service(layout, script, answer=Answer.yes("here"))
    ensure_running(service, layout, say=print)
    while len(family := find_processes(service.belongs)) < 2:
        pass
    [parent] = find_service(service, layout)
    parent.kill()
    while is_alive(parent):
        pass
    [orphan] = [process for process in family if process != parent]

    ensure_running(service, layout, say=print)

    assert not is_alive(orphan)
    assert find_service(service, layout) != [orphan]
    stop_service(service, layout)


def test_a_running_service_is_left_alone(layout: Layout) -> None:
    service = make_service(layout, "import time; time.sleep(300)", answer=Answer.yes("here"))
    ensure_running(service, layout, say=print)
    first = find_service(service, layout)
    said: list[str] = []

    ensure_running(service, layout, say=said.append)

    assert find_service(service, layout) == first
    assert said == ["example: running"]
    stop_service(service, layout)


def test_a_service_that_dies_at_once_is_reported_with_the_end_of_its_log(layout: Layout) -> None:
    service = make_service(layout, "raise SystemExit('no such thing as a voice')", answer=Answer.silent("nothing"))

    with pytest.raises(EmbeddedError, match=r"its process ended(.|\n)*no such thing as a voice"):
        ensure_running(service, layout, say=print)


def test_a_service_that_never_answers_is_reported_and_not_left_over(layout: Layout) -> None:
    service = make_service(layout, "import time; time.sleep(300)", answer=Answer.silent("says nothing"), start_s=0.2)

    with pytest.raises(EmbeddedError, match="says nothing"):
        ensure_running(service, layout, say=print)
    assert find_processes(service.belongs) == []


def test_a_launched_process_outlives_the_session_of_its_starter(layout: Layout) -> None:
    process = launch(["/bin/sleep", "300"], record=layout.run / "x.json", log=layout.log("x"), environment={})

    assert os.getsid(process.pid) == process.pid
    assert recorded(layout.run / "x.json") == process
    stop_processes([process], by=signal.SIGTERM, grace_s=5)
    assert not is_alive(process)
