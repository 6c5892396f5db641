"""Locks that PostgreSQL holds for one connection and frees when it ends, however it ends.

They need an address that leads to the database itself, or to a pool of sessions; a pool of transactions forgets them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

LEADER = 7_310_589_001  # the one sequencer that is active; any numbers, but always the same
PUBLICATION = 7_310_589_002  # whoever writes the checkpoint that everyone reads


@contextmanager
def held(number: int) -> Iterator[None]:
    """The lock is ours within; waits for whoever has it."""
    _ask("SELECT pg_advisory_lock(%s)", number)
    try:
        yield
    finally:
        _free(number)


@contextmanager
def tried(number: int) -> Iterator[bool]:
    """Whether the lock is ours within; False at once when somebody else has it."""
    mine = bool(_ask("SELECT pg_try_advisory_lock(%s)", number))
    try:
        yield mine
    finally:
        if mine:
            _free(number)


def _free(number: int) -> None:
    """A connection that was lost has given up its locks already, and one that came in its place never had them."""
    if connection.connection is not None and not connection.connection.closed:
        _ask("SELECT pg_advisory_unlock(%s)", number)


def _ask(statement: str, number: int) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement, [number])
        (answer,) = cursor.fetchone()
    return answer
