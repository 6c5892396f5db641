"""Which checkpoints are time-stamped, by whom, and when an authority that was silent is asked again."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from audit.errors import TimestampError
from audit.models import Checkpoint, Timestamp, TimestampStatus
from audit.timestamps import Stamp, TrustedAuthorities, read_authorities, request_stamp, verify_stamp

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 24

logger = logging.getLogger(__name__)


def stage(*, size: int | None = None) -> int:
    """Note down that the latest checkpoint, or the one of this size, wants a stamp; how many are newly noted down.

    A checkpoint that is noted down already is left alone, so that a log without news is stamped once.
    """
    checkpoints = Checkpoint.objects.filter(size__gt=0)
    checkpoint = checkpoints.order_by("-size").first() if size is None else checkpoints.filter(size=size).first()
    if checkpoint is None:
        return 0
    before = checkpoint.timestamps.count()
    wanted = [Timestamp(checkpoint=checkpoint, authority=url) for url in settings.TIMESTAMP_AUTHORITIES]
    Timestamp.objects.bulk_create(wanted, ignore_conflicts=True)
    return checkpoint.timestamps.count() - before


def attempt_due(*, now: datetime | None = None) -> int:
    """Ask for every stamp whose time has come; how many were granted. Two of us never ask for the same one."""
    moment = now or timezone.now()
    due = Timestamp.objects.exclude(status=TimestampStatus.GRANTED).filter(next_attempt_at__lte=moment)
    waiting = list(due.filter(authority__in=settings.TIMESTAMP_AUTHORITIES).order_by("next_attempt_at")[:50])
    if not waiting:
        return 0
    try:
        trusted = read_authorities(settings.TIMESTAMP_ROOTS)
    except TimestampError:
        logger.exception("No time-stamp can be checked: set TIMESTAMP_ROOTS to the authorities' certificates.")
        return 0
    return sum(_attempt(stamp, trusted=trusted, moment=moment) for stamp in waiting)


def verify_stored(stamp: Timestamp, *, trusted: TrustedAuthorities) -> Stamp:
    """What a granted stamp proves about its checkpoint's note; raises `TimestampError` when a byte of it changed."""
    if stamp.token is None or stamp.token_hash is None:
        raise TimestampError(f"{stamp} carries no token.")
    token = bytes(stamp.token)
    if hashlib.sha256(token).digest() != bytes(stamp.token_hash):
        raise TimestampError(f"{stamp} is not as it was granted: its token has another hash.")
    proven = verify_stamp(token, message=stamp.checkpoint.note.encode(), trusted=trusted)
    if proven.time != stamp.granted_at:
        raise TimestampError(f"{stamp} says {proven.time.isoformat()}, but {stamp.granted_at} is noted beside it.")
    return proven


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: a minute, doubled each time, six hours at the most."""
    return min(FIRST_WAIT * (1 << min(attempts - 1, 20)), LONGEST_WAIT)


def _attempt(stamp: Timestamp, *, trusted: TrustedAuthorities, moment: datetime) -> bool:
    attempts = stamp.attempts + 1
    following = moment + wait_after(attempts) if attempts < MOST_ATTEMPTS else None
    ours = Timestamp.objects.filter(pk=stamp.pk, attempts=stamp.attempts).exclude(status=TimestampStatus.GRANTED)
    if not ours.update(attempts=F("attempts") + 1, next_attempt_at=following):
        return False
    mine = Timestamp.objects.filter(pk=stamp.pk, attempts=attempts).exclude(status=TimestampStatus.GRANTED)
    try:
        token, proven = request_stamp(stamp.authority, stamp.checkpoint.note.encode(), trusted=trusted)
    except TimestampError as error:
        logger.warning("Checkpoint %d has no time-stamp from %s yet: %s", stamp.checkpoint_id, stamp.authority, error)
        mine.update(status=TimestampStatus.FAILED)
        return False
    granted = mine.update(
        status=TimestampStatus.GRANTED,
        token=token,
        token_hash=hashlib.sha256(token).digest(),
        granted_at=proven.time,
        next_attempt_at=None,
    )
    return bool(granted)
