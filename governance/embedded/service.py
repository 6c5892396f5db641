"""Keeps one service running: recognises it, starts it, waits for a real answer, stops it."""

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from governance.embedded.errors import EmbeddedError
from governance.embedded.layout import Layout
from governance.embedded.probes import Answer
from governance.embedded.processes import (
    find_processes,
    is_alive,
    launch,
    leads_its_session,
    recorded,
    stop_processes,
)

_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0
_LEAST_PATIENCE_S = 5.0
_LONGEST_RECOVERY_S = 1800.0
_LOG_LINES = 15
_LOG_LIMIT_BYTES = 20_000_000

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Service:
    """What there is to know about one service.

    `prepare` runs right before each start, when no process of the service is left; `probe` asks the service itself,
    and raises EmbeddedError when another start cannot help; `belongs` recognises its processes without a record.
    """

    name: str
    prepare: Callable[[], None]
    command: Callable[[], list[str]]
    environment: Mapping[str, str]
    probe: Callable[[], Answer]
    belongs: Callable[[psutil.Process], bool]
    start_s: float
    stop_signal: signal.Signals
    stop_s: float


def ensure_running(service: Service, layout: Layout, *, say: Say) -> None:
    """Return once the service answers; start it, or start it afresh, where needed.

    Raises:
        EmbeddedError: it does not answer after several starts; the message ends with the last lines of its log.
    """
    present = [process for process in find_service(service, layout) if leads_its_session(process)]
    if present and _wait_until_ready(service, present[0], _patience(service, present[0])).ready:
        say(f"{service.name}: running")
        return
    answer = Answer.silent("was not started")
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt)
        stop_service(service, layout)
        service.prepare()
        _rotate(layout.log(service.name))
        process = launch(
            service.command(),
            record=_record(service, layout),
            log=layout.log(service.name),
            environment=service.environment,
        )
        answer = _wait_until_ready(service, process, service.start_s)
        if answer.ready:
            say(f"{service.name}: started")
            return
        say(f"{service.name}: {answer.detail}")
    stop_service(service, layout)
    raise EmbeddedError(
        f"{service.name} does not start: {answer.detail}. The end of {layout.log(service.name)}:\n"
        + last_lines(layout.log(service.name)),
    )


def stop_service(service: Service, layout: Layout) -> bool:
    """Stop every process of the service and forget its record; whether there was one."""
    present = find_service(service, layout)
    stop_processes(present, by=service.stop_signal, grace_s=service.stop_s)
    _record(service, layout).unlink(missing_ok=True)
    return bool(present)


def find_service(service: Service, layout: Layout) -> list[psutil.Process]:
    """The recorded process if it lives, else every process recognised as the service's."""
    process = recorded(_record(service, layout))
    return [process] if process is not None else find_processes(service.belongs)


def ask_service(service: Service, layout: Layout) -> Answer:
    """What the service says now, once; a stranger answering in its place does not count."""
    if not find_service(service, layout):
        return Answer.silent("not running")
    return service.probe()


def last_lines(log: Path) -> str:
    if not log.exists():
        return "(no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-_LOG_LINES:]) or "(empty log)"


def _wait_until_ready(service: Service, process: psutil.Process, patience_s: float) -> Answer:
    """Ask until it answers, its process ends, or it has been silent for `patience_s`; recovery is not silence."""
    deadline = time.monotonic() + patience_s
    latest = deadline + _LONGEST_RECOVERY_S
    pause = _FIRST_PAUSE_S
    while True:
        answer = service.probe()
        if not is_alive(process):
            return Answer.silent("its process ended")
        if answer.ready:
            return answer
        if answer.recovering:
            deadline = min(time.monotonic() + patience_s, latest)
        if time.monotonic() > deadline:
            return answer
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)


def _patience(service: Service, process: psutil.Process) -> float:
    """A process that was just started may need all its time; one that ran for long answers soon or never."""
    try:
        age = time.time() - process.create_time()
    except psutil.Error:
        return 0.0
    return max(_LEAST_PATIENCE_S, service.start_s - age)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _record(service: Service, layout: Layout) -> Path:
    return layout.run / f"{service.name}.json"
