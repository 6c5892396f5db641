"""The platform's own data keys: one for each purpose, wrapped by key management, made when it is first needed."""

from __future__ import annotations

import secrets
from uuid import UUID

from safety.models import PlatformKey
from tenancy.ids import new_id
from tenancy.registry import key_management
from tenancy.scope import platform_scope
from tenancy.sealing import SealingKey

KEY_BYTES = 32
VERSION = 1


def platform_key(purpose: str) -> SealingKey:
    """The key for a purpose; it belongs to no organisation, and no organisation can read its row.

    Raises:
        KeyringError: key management does not answer, or is another than the one that wrapped the key.
        TamperedError: the row was altered.
    """
    with platform_scope():
        found = PlatformKey.objects.filter(purpose=purpose).first() or _make(purpose)
    secret = key_management().unwrap(bytes(found.wrapped), context=wrapping_context(found.id, found.purpose))
    return SealingKey(id=found.id, version=VERSION, secret=secret)


def _make(purpose: str) -> PlatformKey:
    """Of two callers at once both get the key of the first."""
    key_id = new_id()
    wrapped = key_management().wrap(secrets.token_bytes(KEY_BYTES), context=wrapping_context(key_id, purpose))
    PlatformKey.objects.bulk_create([PlatformKey(id=key_id, purpose=purpose, wrapped=wrapped)], ignore_conflicts=True)
    return PlatformKey.objects.get(purpose=purpose)


def wrapping_context(key_id: UUID, purpose: str) -> bytes:
    return f"vivavoce|platform-key|{purpose}|{key_id}".encode()


class PlatformKeys:
    """The `KeyHolder` of the platform's data keys: each is wrapped by key management itself."""

    def behind(self, *, organisation_id: UUID | None) -> int:
        return len(_behind()) if organisation_id is None else 0

    def rewrap(self, *, organisation_id: UUID | None) -> int:
        rows = _behind(lock=True) if organisation_id is None else []
        for row in rows:
            context = wrapping_context(row.id, row.purpose)
            row.wrapped = key_management().rewrap(bytes(row.wrapped), context=context)
        PlatformKey.objects.bulk_update(rows, ["wrapped"])
        return len(rows)


def _behind(*, lock: bool = False) -> list[PlatformKey]:
    management, rows = key_management(), PlatformKey.objects.order_by("id")
    locked = rows.select_for_update(no_key=True) if lock else rows
    return [row for row in locked if management.key_id_of(bytes(row.wrapped)) != management.key_id]
