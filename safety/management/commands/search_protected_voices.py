"""`manage.py search_protected_voices`: the one process that holds opened references, and searches them for others."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from safety.errors import SearchUnavailableError
from safety.search import asking
from safety.search.answering import Searcher, serve
from safety.search.locked import refuse_dumps

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs until it is told to stop; what it held is wiped then."""

    help = "Hold the protected voices in locked memory and answer searches, until stopped."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--status", action="store_true", help="ask the running process how it is, and end")

    def handle(self, *, status: bool, **_options: object) -> None:
        if status:
            self._say_status()
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        refuse_dumps()
        searcher = Searcher()
        opened = searcher.preload()
        memory = searcher.memory
        logger.info("%d protected voices opened, first pass %s", opened, searcher.first_pass.name)
        if memory.unlocked:
            logger.warning(
                "%d bytes could not be locked and may be swapped out (%s): raise RLIMIT_MEMLOCK",
                memory.unlocked,
                memory.refused,
            )
        try:
            serve(searcher, Path(settings.SEARCH_SOCKET), stop=stop)
        except (OSError, SearchUnavailableError) as error:
            raise CommandError(str(error)) from error
        finally:
            searcher.wipe()

    def _say_status(self) -> None:
        try:
            said = asking.health()
        except SearchUnavailableError as error:
            raise CommandError(str(error)) from error
        for name, value in said.items():
            self.stdout.write(f"{name}: {value}")
