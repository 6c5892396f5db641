"""The secrets of an epoch of marks: the platform's, by which marks are found, and the organisation's, for its codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.conf import settings

from tenancy.keyring import organisation_secret
from tenancy.platform_secret import platform_mark_secret
from watermark.errors import MarkError

FIRST_DAY = date(2026, 1, 1)
"""Epoch 0 begins here."""


@dataclass(frozen=True, repr=False)
class MarkSecrets:
    """What an organisation marks with in one epoch; each secret has 32 bytes."""

    epoch: int
    pilot_secret: bytes
    clip_secret: bytes


def epoch_of(day: date) -> int:
    """The number of the epoch of a day, MARK_EPOCH_DAYS long; raises `MarkError` where there is none."""
    if settings.MARK_EPOCH_DAYS < 1:
        raise MarkError(f"An epoch has at least one day; MARK_EPOCH_DAYS is {settings.MARK_EPOCH_DAYS}.")
    if day < FIRST_DAY:
        raise MarkError(f"Epochs of marks are counted from {FIRST_DAY}; the clock says {day}.")
    return (day - FIRST_DAY).days // int(settings.MARK_EPOCH_DAYS)


def pilot_secret(epoch: int) -> bytes:
    """The platform's 32 bytes of an epoch, the same for all organisations."""
    return platform_mark_secret(f"mark-pilot-{epoch}")


def clip_secret(epoch: int) -> bytes:
    """The 32 bytes of an epoch of the organisation in scope."""
    return organisation_secret(f"mark-epoch-{epoch}")


def mark_secrets(*, epoch: int | None = None) -> MarkSecrets:
    """Both secrets of an epoch, today's where none is named, for the organisation in scope.

    Raises:
        MarkError: no epoch can be told.
        KeyringError: the keyring or the organisation's key cannot be opened.
    """
    number = epoch_of(datetime.now(tz=UTC).date()) if epoch is None else epoch
    return MarkSecrets(epoch=number, pilot_secret=pilot_secret(number), clip_secret=clip_secret(number))
