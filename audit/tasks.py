"""The log's tasks on the queue: asking witnesses and time-stamp authorities again; each may run twice."""

from __future__ import annotations

from celery import shared_task

from audit import stamping, witnessing


@shared_task(name="audit.collect_cosignatures")
def collect_cosignatures() -> None:
    """Ask the witnesses about the latest checkpoint, if it lacks its quorum."""
    witnessing.collect_latest()


@shared_task(name="audit.request_timestamps")
def request_timestamps() -> None:
    """Have the latest checkpoint time-stamped by every authority."""
    stamping.stage()
    stamping.attempt_due()


@shared_task(name="audit.retry_timestamps")
def retry_timestamps() -> None:
    """Ask again for the time-stamps that failed, each when its time has come."""
    stamping.attempt_due()
