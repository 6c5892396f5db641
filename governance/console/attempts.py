"""Limits how often a sign-in may be tried: failures are counted per name and address, and forgotten after a while."""

from __future__ import annotations

from hashlib import sha256

from django.core.cache import cache

ALLOWED_FAILURES = 10
WINDOW_SECONDS = 15 * 60


def exhausted(*, username: str, address: str) -> bool:
    """Have there been too many failures for this name from this address?"""
    return int(cache.get(_key(username, address), 0)) >= ALLOWED_FAILURES


def count_failure(*, username: str, address: str) -> None:
    key = _key(username, address)
    cache.add(key, 0, WINDOW_SECONDS)
    cache.incr(key)


def forget(*, username: str, address: str) -> None:
    cache.delete(_key(username, address))


def _key(username: str, address: str) -> str:
    return "sign-in:" + sha256(f"{username.lower()}\n{address}".encode()).hexdigest()
