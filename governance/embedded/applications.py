"""Our own processes: web server, worker, clock, sequencer of the audit log, search among protected voices."""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

from governance.embedded.layout import Layout
from governance.embedded.probes import Answer, probe_web, probe_worker
from governance.embedded.processes import recorded, was_given
from governance.embedded.service import Say, Service
from governance.embedded.sockets import folder_name
from governance.embedded.web_port import choose_port, read_port
from safety.errors import SearchUnavailableError
from safety.search.wire import address, receive, send

CHECKOUT = Path(__file__).resolve().parents[2]
QUEUES = ("mail", "preparation", "synthesis", "ceremony", "detection", "celery")
_REPORT_AGE_S = 30.0
_SEARCH_PATIENCE_S = 10.0
_CELERY = (sys.executable, "-m", "celery", "-A", "governance.queue")


def web_service(layout: Layout, *, port: int, say: Say) -> Service:
    """Granian on the loopback address; a proxy with TLS belongs in front of it wherever others shall reach it."""

    def command() -> list[str]:
        where = ["--host", "127.0.0.1", "--port", str(read_port(layout))]
        how = ["--interface", "wsgi", "--no-ws", "--workers", "1", "--blocking-threads", "8"]
        return [
            sys.executable,
            "-m",
            "granian",
            *how,
            *where,
            "--respawn-failed-workers",
            "governance.wsgi:application",
        ]

    def prepare() -> None:
        choose_port(layout, preferred=port, say=say)

    def probe() -> Answer:
        known = read_port(layout)
        return Answer.silent("no port was chosen yet") if known is None else probe_web(known)

    return Service(
        name="web",
        prepare=prepare,
        command=command,
        environment=_environment(layout, "web"),
        probe=probe,
        belongs=was_given(_marks(layout, "web")),
        start_s=120,
        stop_signal=signal.SIGTERM,
        stop_s=20,
    )


def worker_service(layout: Layout, *, broker: str) -> Service:
    """One prefork worker: time limits and redelivery after a crash need the child process.

    Models load after the fork, in the child; an engine on CUDA needs `worker_pool_start_method = "spawn"` as well.
    """
    node = f"{folder_name(layout.root)}@{socket.gethostname()}"
    choices = ["--pool", "prefork", "--concurrency", "1", "--queues", ",".join(QUEUES), "--hostname", node]
    return Service(
        name="worker",
        prepare=lambda: None,
        command=lambda: [*_CELERY, "worker", *choices, "--loglevel", "INFO", "--without-gossip", "--without-mingle"],
        environment=_environment(layout, "worker"),
        probe=lambda: probe_worker(broker, node=node),
        belongs=was_given(_marks(layout, "worker")),
        start_s=180,
        stop_signal=signal.SIGTERM,  # finish the task in hand; what is cut short is delivered again
        stop_s=30,
    )


def beat_service(layout: Layout) -> Service:
    """Celery's clock. It answers nobody: it counts as ready once it has written its schedule."""
    schedule = layout.beat / "schedule"

    def probe() -> Answer:
        process = recorded(layout.run / "beat.json")
        if process is None:
            return Answer.silent("not running")
        written = max((file.stat().st_mtime for file in layout.beat.glob("schedule*")), default=0.0)
        return Answer.yes("keeps time") if written > process.create_time() - 1 else Answer.silent("has no schedule yet")

    return Service(
        name="beat",
        prepare=lambda: None,
        command=lambda: [*_CELERY, "beat", "--schedule", str(schedule), "--pidfile", "", "--loglevel", "INFO"],
        environment=_environment(layout, "beat"),
        probe=probe,
        belongs=was_given(_marks(layout, "beat")),
        start_s=60,
        stop_signal=signal.SIGTERM,
        stop_s=10,
    )


def sequencer_service(layout: Layout) -> Service:
    """The process that gives audit entries their places in the log. It is asked through the report that it writes."""
    report = layout.run / "sequencer.report"
    order = ["sequence_audit_log", "--report", str(report)]

    def probe() -> Answer:
        process = recorded(layout.run / "sequencer.json")
        if process is None:
            return Answer.silent("not running")
        try:
            said = json.loads(report.read_text())
            fresh = said["pid"] == process.pid and time.time() - said["at"] < _REPORT_AGE_S
            well, detail = bool(said["well"]), str(said["detail"])
        except (OSError, ValueError, KeyError, TypeError):
            return Answer.silent("has not reported yet")
        if not fresh:
            return Answer.silent("does not report any more")
        return Answer.yes(detail) if well else Answer.silent(detail)

    return Service(
        name="sequencer",
        prepare=lambda: report.unlink(missing_ok=True),
        command=lambda: [sys.executable, str(CHECKOUT / "manage.py"), *order],
        environment=_environment(layout, "sequencer"),
        probe=probe,
        belongs=was_given(_marks(layout, "sequencer")),
        start_s=60,
        stop_signal=signal.SIGTERM,  # it ends after the batch in hand; what is cut short is done at the next start
        stop_s=20,
    )


def search_service(layout: Layout) -> Service:
    """The process that holds the protected voices in locked memory. It is asked how it is, as a searcher asks it."""
    at = layout.run / "search.sock"

    def probe() -> Answer:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, address(at) as where:
                connection.settimeout(_SEARCH_PATIENCE_S)
                connection.connect(where)
                send(connection, {"ask": "health"})
                said = receive(connection)
        except (OSError, SearchUnavailableError) as error:
            return Answer.silent(str(error))
        return Answer.yes(f"holds {said.get('voices', 'the')} protected voices")

    return Service(
        name="search",
        prepare=lambda: None,
        command=lambda: [sys.executable, str(CHECKOUT / "manage.py"), "search_protected_voices"],
        environment={**_environment(layout, "search"), "SEARCH_SOCKET": str(at)},
        probe=probe,
        belongs=was_given(_marks(layout, "search")),
        start_s=120,
        stop_signal=signal.SIGTERM,  # it wipes what it holds
        stop_s=10,
    )


def _marks(layout: Layout, name: str) -> dict[str, str]:
    return {"VIVAVOCE_HOME": str(layout.root), "VIVAVOCE_PROCESS": name}


def _environment(layout: Layout, name: str) -> dict[str, str]:
    """Ours, plus what marks the process and lets it find the code from any folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GRANIAN_")}
    paths = [str(CHECKOUT), *filter(None, [kept.get("PYTHONPATH")])]
    return {
        "DJANGO_SETTINGS_MODULE": "governance.settings",
        **kept,
        **_marks(layout, name),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
    }
