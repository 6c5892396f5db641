"""Starts processes that outlive us, and recognises them again without ever trusting a bare process id."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import psutil

from governance.embedded.files import write_private

# The clock that dates a process moves when the machine's clock is corrected.
_START_TOLERANCE_S = 2.0
_KILL_GRACE_S = 5.0


def launch(command: list[str], *, record: Path, log: Path, environment: Mapping[str, str]) -> psutil.Process:
    """Start the command in its own session, its output appended to `log`, its identity written to `record`."""
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        command[0],
        command,
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), writing, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    process = psutil.Process(pid)
    write_private(record, json.dumps({"pid": pid, "started": process.create_time(), "command": command[0]}))
    return process


def recorded(record: Path) -> psutil.Process | None:
    """The live process that the record speaks of; None when its id has died or now belongs to another."""
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        process = psutil.Process(int(known["pid"]))
        same = abs(process.create_time() - float(known["started"])) < _START_TOLERANCE_S
    except (FileNotFoundError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process if same and is_alive(process) else None


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; a child of ours that has ended is taken leave of on the way."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            if process.ppid() == os.getpid():
                process.wait(timeout=0)
            return False
        return process.is_running()
    except psutil.Error:
        return False


def leads_its_session(process: psutil.Process) -> bool:
    """Whether `launch` started it; a child that outlived it may still answer, but nobody looks after that child."""
    try:
        return os.getsid(process.pid) == process.pid
    except ProcessLookupError:
        return False


def find_processes(belongs: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """Every live process of this user that the test accepts; ourselves excepted."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.uids().effective == os.geteuid() and belongs(process):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if is_alive(process)]


def runs_in(folder: Path, *, name: str) -> Callable[[psutil.Process], bool]:
    """A test for the server (and its helpers) that works inside its data folder."""
    return lambda process: process.name().startswith(name) and process.cwd() == str(folder)


def was_given(marks: Mapping[str, str]) -> Callable[[psutil.Process], bool]:
    """A test for the processes (and their children) started with these environment variables."""
    return lambda process: marks.items() <= process.environ().items()


def stop_processes(processes: Iterable[psutil.Process], *, by: signal.Signals, grace_s: float) -> None:
    """Ask the topmost of them to stop, wait, then kill what is left of all of them."""
    family = {process.pid: process for process in processes}
    for process in list(family.values()):
        family |= {child.pid: child for child in _children(process)}
    for process in [member for member in family.values() if _parent_id(member) not in family]:
        _send(process, by)
    if not _wait_until_gone(family.values(), grace_s):
        for process in family.values():
            _send(process, signal.SIGKILL)
        _wait_until_gone(family.values(), _KILL_GRACE_S)


def run_once(command: list[str], *, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end and keep what it said."""
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)  # noqa: S603 - our own command


def _wait_until_gone(processes: Iterable[psutil.Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if is_alive(process)]
    return not left


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _parent_id(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None
