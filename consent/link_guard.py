"""Patience with guesses at links: whoever tried many that do not exist opens none for a while, not even a real one."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac

from consent.errors import LinkError, SecondFactorError
from consent.links import FoundLink, LinkKind, find_link
from consent.models import LinkGuess

MOST_GUESSES, WITHIN, FORGOTTEN_AFTER = 20, timedelta(minutes=10), timedelta(hours=1)


def open_link(token: str, *, kind: LinkKind, address: str) -> FoundLink:
    """What a token opens, as `find_link` says, for a client at `address`; each miss counts, in whichever process.

    Raises:
        LinkError: the link is unknown or has expired.
        SecondFactorError: too-many-attempts, from that address.
    """
    now, hashed = timezone.now(), salted_hmac(__name__, address, algorithm="sha256").hexdigest()
    guesses = LinkGuess.objects.filter(address_hash=hashed, at__gt=now - WITHIN).order_by("-at")
    latest = list(guesses.values_list("at", flat=True)[:MOST_GUESSES])
    if len(latest) == MOST_GUESSES:
        wait = (latest[-1] + WITHIN - now).total_seconds()
        raise SecondFactorError("too-many-attempts", "Too many unknown links were tried from here.", wait=wait)
    try:
        return find_link(token, kind=kind)
    except LinkError as error:
        if error.code == "link-unknown":
            LinkGuess.objects.filter(at__lt=now - FORGOTTEN_AFTER).delete()
            LinkGuess.objects.create(address_hash=hashed)
        raise
