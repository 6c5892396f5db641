"""Key management without a service: the key-encryption keys lie in a file that only its owner can read."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from tenancy.errors import KeyringError, TamperedError
from tenancy.keyring_file import NamedKey, read_or_create
from tenancy.sealing import SealingKey, key_of, open_under, seal_under

_VERSION = 1


class LocalKeyring:
    """Wraps keys with the last one in `settings.KEYRING_FILE`; whoever can read that file can open everything."""

    def __init__(self) -> None:
        self._keys = read_or_create(settings.KEYRING_FILE).encryption
        self.key_id = self._keys[-1].key_id

    def holds(self, key_id: str) -> bool:
        return any(key.key_id == key_id for key in self._keys)

    def key_id_of(self, wrapped: bytes) -> str:
        named = key_of(wrapped)
        return f"local:{named[0]}" if named else ""

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        return seal_under(_sealing(self._keys[-1]), key, context=context)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        name = key_of(wrapped)
        for key in self._keys:
            if name in {None, _name(key)}:  # the former suite names no key: the one that fits is it
                try:
                    return open_under(_sealing(key), wrapped, context=context)
                except TamperedError:
                    continue
        raise TamperedError(
            "What was wrapped was altered, belongs to something else, or its key is not in the keyring."
        )

    def rewrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        return self.wrap(self.unwrap(wrapped, context=context), context=context)

    def health(self) -> None:
        probe = self.wrap(bytes(32), context=b"vivavoce|health")
        if self.unwrap(probe, context=b"vivavoce|health") != bytes(32):
            raise KeyringError("The keyring does not give back what it wraps: restore it from a backup.")


def _name(key: NamedKey) -> tuple[UUID, int]:
    return UUID(key.key_id.rpartition(":")[2]), _VERSION


def _sealing(key: NamedKey) -> SealingKey:
    return SealingKey(*_name(key), key.secret)
