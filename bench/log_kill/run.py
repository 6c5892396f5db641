"""Starts a PostgreSQL of its own, two rival sequencers and several workers, and kills one after the other."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.log_kill.outcome import Outcome
from governance.embedded.addresses import DATABASE, admin_url
from governance.embedded.postgres import postgres_service
from governance.embedded.provisioning import provision_database
from governance.embedded.service import ensure_running, find_service, stop_service
from governance.embedded.sockets import socket_folder
from governance.embedded.supervisor import Installation

ROOT = Path(__file__).resolve().parents[2]
SEQUENCERS, WORKERS = ("sequencer-1", "sequencer-2"), ("worker-1", "worker-2", "worker-3", "worker-4")
OUTSIDE = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "KEYRING_FILE", "KEY_MANAGEMENT", "LOG_POLICY_FILE")
SHARES = {"sequencer": 5, "worker": 3, "postmaster": 2}  # of ten kills
WATCH_S = 0.002


def measure(*, seconds: float, pause: float = 0.9, seed: int = 1, least: int = 0) -> Outcome:
    """Kills for so many seconds and at least so often; then holds the log against what was acknowledged."""
    with _folder() as home:
        postgres = Postgres(home)
        try:
            postgres.start(provision=True)
            with _nursery(home) as troop, _watching(home):
                troop.order("play", "prepare", "prepare")
                chance, started = random.Random(seed), time.monotonic()  # noqa: S311 - whom it hits, not a secret
                killed = _kill(troop, postgres, seconds=seconds, least=least, pause=pause, chance=chance)
                lasted = round(time.monotonic() - started, 1)
                troop.order("play", "finish", "finish")
                time.sleep(10 * WATCH_S)  # for the last checkpoint to be seen
                troop.order("play", "examine", "examine")
            found = json.loads((home / "found.json").read_text())
        finally:
            postgres.stop()
    return Outcome(
        seconds=lasted,
        sequencers_killed=killed["sequencer"],
        workers_killed=killed["worker"],
        postmasters_killed=killed["postmaster"],
        **found,
    )


class Postgres:
    """A throw-away, durable PostgreSQL: what it acknowledged must survive its sudden end."""

    def __init__(self, home: Path) -> None:
        self._installation = Installation.at(home, environment={}, durable=True)
        self._service = postgres_service(self._installation.layout, self._installation.credentials, durable=True)

    def start(self, *, provision: bool = False) -> None:
        ensure_running(self._service, self._installation.layout, say=_quietly)
        if provision:
            provision_database(
                admin_url(self._installation.layout, self._installation.credentials),
                name=DATABASE,
                owner_password=self._installation.credentials.owner,
                application_password=self._installation.credentials.application,
            )

    def kill(self) -> bool:
        """SIGKILL of the postmaster alone, as the kernel's memory killer would; its children notice by themselves."""
        present = find_service(self._service, self._installation.layout)
        for process in present[:1]:
            process.send_signal(signal.SIGKILL)
        return bool(present)

    def stop(self) -> None:
        stop_service(self._service, self._installation.layout)
        shutil.rmtree(socket_folder(self._installation.layout), ignore_errors=True)


class Troop:
    """The processes under test, by way of the nursery that forks and kills them."""

    def __init__(self, nursery: subprocess.Popen[str]) -> None:
        self._nursery = nursery

    def order(self, *words: str) -> bool:
        """Raises `RuntimeError` when the nursery is gone, or a role that must succeed did not."""
        if self._nursery.stdin is None or self._nursery.stdout is None:
            raise RuntimeError("The nursery has no pipes.")
        self._nursery.stdin.write(f"{json.dumps(words)}\n")
        self._nursery.stdin.flush()
        answer = self._nursery.stdout.readline()
        if not answer or (words[0] == "play" and answer != "true\n"):
            raise RuntimeError(f"The kill test cannot go on: {' '.join(words)} failed; see what it said above.")
        return answer == "true\n"


def _kill(
    troop: Troop, postgres: Postgres, *, seconds: float, least: int, pause: float, chance: random.Random
) -> Counter[str]:
    """The killing itself; whoever died, by whatever cause, is started anew at once. In the end all are dead."""
    killed: Counter[str] = Counter()
    living: dict[str, str] = {}
    lives: Counter[str] = Counter()

    def bring_up(place: str) -> None:
        lives[place] += 1
        living[place] = f"{place}.{lives[place]}"
        troop.order("start", place.partition("-")[0], living[place])

    for place in (*SEQUENCERS, *WORKERS):
        bring_up(place)
    end = time.monotonic() + seconds
    while time.monotonic() < end or killed.total() < least:
        time.sleep(chance.uniform(0.2, 1.8) * pause)
        (kind,) = chance.choices(list(SHARES), list(SHARES.values()))
        if kind == "postmaster":
            killed[kind] += postgres.kill()
            postgres.start()
            continue
        place = chance.choice(SEQUENCERS if kind == "sequencer" else WORKERS)
        killed[kind] += troop.order("kill", living[place])
        bring_up(place)
    for name in living.values():
        troop.order("kill", name)
    return killed


@contextmanager
def _nursery(home: Path) -> Iterator[Troop]:
    environment = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    environment |= {
        "VIVAVOCE_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "governance.settings",
        "LOG_LEVEL": "CRITICAL",  # every kill would be lamented
        "VIVAVOCE_TESTING": "1",
    }
    (home / "journals").mkdir()
    command = [sys.executable, "-m", "bench.log_kill.nursery", str(home)]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:
        yield Troop(nursery)


@contextmanager
def _watching(home: Path) -> Iterator[None]:
    """Keeps a copy of every checkpoint that appears in the published file."""
    (home / "checkpoints").mkdir()
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(home, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(home: Path, over: threading.Event) -> None:
    last, number = b"", 0
    while not over.wait(WATCH_S):
        try:
            raw = (home / "log" / "checkpoint").read_bytes()
        except FileNotFoundError:
            continue
        if raw != last:
            (home / "checkpoints" / f"{number:09}").write_bytes(raw)
            last, number = raw, number + 1


@contextmanager
def _folder() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="vivavoce-kill-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _quietly(_text: str) -> None:
    """Starts and stops are the point here, and no news."""
