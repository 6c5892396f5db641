"""How long an opened key may be remembered: a subject's for one scope, an organisation's for a minute at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from django.conf import settings
from django.db import connection

LONGEST_SECONDS = 60
T = TypeVar("T")


class ScopeMemory:
    """What one scope fetched; what was fetched inside a savepoint is forgotten when that savepoint ends.

    A savepoint may be rolled back, and with it the row of a key that was made in it: remembered further, that key
    would seal what nobody can open.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[list[str], object]] = {}

    def recall(self, name: Hashable) -> object | None:
        made_in, value = self._kept.get(name, ([], None))
        return value if _savepoints()[: len(made_in)] == made_in else None

    def keep(self, name: Hashable, value: object) -> None:
        self._kept[name] = (_savepoints(), value)

    def forget(self, name: Hashable) -> None:
        self._kept.pop(name, None)

    def trim(self) -> None:
        """Forgets what was fetched in savepoints that have ended."""
        for name in [name for name in self._kept if self.recall(name) is None]:
            self.forget(name)


class ProcessMemory(Generic[T]):
    """What this process fetched in the last `KEY_CACHE_SECONDS` seconds, 60 at most."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[Hashable, tuple[float, T]] = {}

    def recall(self, name: Hashable) -> T | None:
        with self._lock:
            self._drop_old()
            found = self._kept.get(name)
        return found[1] if found else None

    def keep(self, name: Hashable, value: T) -> None:
        with self._lock:
            self._kept.pop(name, None)
            self._kept[name] = (self._clock(), value)
            self._drop_old()

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()

    def _drop_old(self) -> None:
        # Entries stand in the order in which they were kept, so the first young one ends the search.
        oldest = self._clock() - min(settings.KEY_CACHE_SECONDS, LONGEST_SECONDS)
        while self._kept:
            name = next(iter(self._kept))
            if self._kept[name][0] > oldest:
                return
            del self._kept[name]


def _savepoints() -> list[str]:
    return [savepoint for savepoint in connection.savepoint_ids if savepoint]
