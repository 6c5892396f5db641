"""The sequencer's long duty: wait for the lead, log what waits, publish it within a second, have it witnessed."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.db import OperationalError, connection

from audit.errors import LogError
from audit.locks import LEADER, tried
from audit.publishing import publish
from audit.sequencer import BATCH, sequence_once

TICK_S = 0.25
PUBLISH_EVERY_S = 1.0
REPORT_EVERY_S = 1.0
PAUSE_AFTER_FAILURE_S = 2.0
QUIET_S = 10.0
_log = logging.getLogger(__name__)

Tell = Callable[[int], object]


class Report:
    """A small file that says what the sequencer is doing, for whoever asks how it is; without a path, nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._said = ""
        self._at = 0.0

    def say(self, *, well: bool, detail: str) -> None:
        """Writes it down at once if it is news, and otherwise once a second, which shows that we live."""
        if self._path is None or (detail == self._said and time.monotonic() - self._at < REPORT_EVERY_S):
            return
        unfinished = self._path.with_suffix(".new")
        with suppress(OSError):  # a report that cannot be written grows old, and that is noticed
            unfinished.write_text(json.dumps({"well": well, "detail": detail, "pid": os.getpid(), "at": time.time()}))
            unfinished.replace(self._path)
        self._said, self._at = detail, time.monotonic()


def serve(stop: threading.Event, *, tell: Tell, report: Report) -> None:
    """Keeps the log going until `stop` is set: as the active sequencer, or ready to take over from it.

    Nothing that goes wrong ends it: a lost connection is made anew and everything read again; a log that must not
    go on is reported, and looked at again in case someone mended it.

    Args:
        stop: set by whoever wants it to end; it does after the batch in hand.
        tell: is given the size of each checkpoint that was published, and must return at once.
        report: where to say how it goes.
    """
    complaint = ""
    while not stop.is_set():
        began = time.monotonic()
        try:
            with tried(LEADER) as leads:
                if leads:
                    if not complaint:
                        _log.info("This is the active sequencer.")
                    _lead(stop, tell=tell, report=report)
                else:
                    report.say(well=True, detail="stands by for the active sequencer")
                    stop.wait(TICK_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported and tried again
            if str(error) != complaint or time.monotonic() - began > QUIET_S:  # else it was just said
                _log.error("%s", error, exc_info=not isinstance(error, LogError | OperationalError))
            complaint = str(error)
            report.say(well=False, detail=" ".join(complaint.split()) or type(error).__name__)
            connection.close()  # whether the last commit counted, the database will say
            stop.wait(PAUSE_AFTER_FAILURE_S)
    connection.close()


def _lead(stop: threading.Event, *, tell: Tell, report: Report) -> None:
    """Logs and publishes until stopped; the first publication does what a crash left undone."""
    size, news, published_at = 0, True, -PUBLISH_EVERY_S
    while not stop.is_set():
        logged = sequence_once()
        news = news or logged > 0
        if news and time.monotonic() - published_at >= PUBLISH_EVERY_S:
            published_at = time.monotonic()
            checkpoint = publish(progress=lambda done: report.say(well=True, detail=f"publishes, {done} entries done"))
            news = False
            if checkpoint is not None:
                size = checkpoint.size
                tell(size)
        report.say(well=True, detail=f"keeps the log, {size} entries published")
        if logged < BATCH:
            stop.wait(TICK_S)
