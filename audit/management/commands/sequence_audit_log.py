"""`manage.py sequence_audit_log`: the process that gives committed entries their places in the log and publishes it."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from audit.duty import Report, serve
from audit.errors import LogError
from audit.publishing import publish
from audit.sequencer import BATCH, sequence_once
from audit.witnessing import BackgroundCollector, collect


class Command(BaseCommand):
    """Runs until it is told to stop; of several, one is active and the others stand by."""

    help = "Log committed audit entries, publish checkpoints and ask the witnesses, until stopped."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="log and publish what waits now, ask witnesses, end")
        parser.add_argument("--rebuild", action="store_true", help="write every tile anew from the database, and end")
        parser.add_argument("--report", type=Path, help="a file in which to say how it goes")

    def handle(self, *, once: bool, rebuild: bool, report: Path | None, **_options: object) -> None:
        if once or rebuild:
            self._run_once(rebuild=rebuild)
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        collector = BackgroundCollector()
        serve(stop, tell=collector.offer, report=Report(report))
        collector.stop()

    def _run_once(self, *, rebuild: bool) -> None:
        try:
            while sequence_once() == BATCH:
                pass
            checkpoint = publish(rebuild=rebuild)
        except LogError as error:
            raise CommandError(str(error)) from error
        if checkpoint is None:
            self.stdout.write("The log is empty.")
            return
        collect(checkpoint.size)
        self.stdout.write(f"The log of {checkpoint.size} entries is published.")
