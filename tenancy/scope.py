"""In whose name: the organisation and the actor of the work at hand, told to the database for one transaction.

Every setting is local to its transaction, so a pooled connection carries nothing over to the next caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction

from tenancy.errors import ScopeError
from tenancy.memory import ScopeMemory

_ACTOR = re.compile(r"system|(api-key|member|speaker):[0-9a-f-]+")


@dataclass(frozen=True)
class _Scope:
    organisation_id: UUID
    actor: str
    memory: ScopeMemory = field(default_factory=ScopeMemory, repr=False, compare=False)


_scope: ContextVar[_Scope | None] = ContextVar("vivavoce_scope", default=None)


@contextmanager
def organisation_scope(organisation_id: UUID, *, actor: str) -> Iterator[None]:
    """One transaction in the name of `organisation_id`; nested use restores the outer scope on the way out.

    Args:
        organisation_id: whose rows are visible and may be written.
        actor: who acts: "system", or "api-key:<id>", "member:<user id>", "speaker:<speaker id>"; never a name.
    """
    if not _ACTOR.fullmatch(actor):
        raise ScopeError(f"{actor!r} names no actor: use system, or api-key:, member: or speaker: with an identifier.")
    outer = _scope.get()
    memory = outer.memory if outer else ScopeMemory()
    token = _scope.set(_Scope(organisation_id, actor, memory))
    try:
        with _setting("vivavoce.organisation", str(organisation_id)):
            yield
    finally:
        _scope.reset(token)
        memory.trim()


@contextmanager
def token_scope(token_hash: str) -> Iterator[None]:
    """One transaction that sees, besides its organisation's rows, the API key or link with this very hash."""
    with _setting("vivavoce.token_hash", token_hash):
        yield


@contextmanager
def user_scope(user_id: int) -> Iterator[None]:
    """One transaction that sees this user's memberships, in whichever organisations they are."""
    with _setting("vivavoce.user", str(user_id)):
        yield


@contextmanager
def platform_scope() -> Iterator[None]:
    """One transaction that may write the platform's own list of protected voices."""
    with _setting("vivavoce.platform", "on"):
        yield


def current_organisation() -> UUID:
    return _current().organisation_id


def current_actor() -> str:
    return _current().actor


def current_memory() -> ScopeMemory:
    """What was fetched in this scope or in one around it; gone when the scope ends."""
    return _current().memory


def _current() -> _Scope:
    scope = _scope.get()
    if scope is None:
        raise ScopeError("No organisation is in scope: wrap this work in tenancy.scope.organisation_scope().")
    return scope


@contextmanager
def _setting(name: str, value: str) -> Iterator[None]:
    # An exception needs no restoring: rolling back to the savepoint, or ending the transaction, undoes the setting.
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [name])
            (previous,) = cursor.fetchone()
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield
        if not transaction.get_rollback():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config(%s, %s, true)", [name, previous])
