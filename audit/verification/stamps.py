"""Every RFC 3161 time-stamp that was granted, against the checkpoint that it is about."""

from __future__ import annotations

from django.conf import settings

from audit.errors import TimestampError
from audit.models import Timestamp, TimestampStatus
from audit.stamping import verify_stored
from audit.timestamps import read_authorities
from audit.verification.damage import Account, DamageError, Watch

_READ = 256


def check_stamps(account: Account, *, watch: Watch) -> None:
    """Fails too when no authority's certificate is there to check them with: unknown is never a yes."""
    granted = Timestamp.objects.filter(status=TimestampStatus.GRANTED).select_related("checkpoint").order_by("id")
    total, last = granted.count(), 0
    if not total:
        return
    try:
        trusted = read_authorities(settings.TIMESTAMP_ROOTS)
    except TimestampError as error:
        meaning = "set TIMESTAMP_ROOTS to the certificates of the authorities"
        raise DamageError("The time-stamps", expected="to be checked", found=error, meaning=meaning) from error
    while batch := list(granted.filter(id__gt=last)[:_READ]):
        for stamp in batch:
            try:
                verify_stored(stamp, trusted=trusted)
            except TimestampError as error:
                raise DamageError(
                    f"The time-stamp of the checkpoint of {stamp.checkpoint_id} entries by {stamp.authority}",
                    expected="a token of a trusted authority over the checkpoint's note",
                    found=error,
                    meaning="token or note were changed, or the authority's certificates are not those of then",
                ) from error
            account.timestamps += 1
        last = batch[-1].pk
        watch("time-stamps", account.timestamps, total)
