"""Key management without a service: the key-encryption key lies in a file that only its owner can read."""

from __future__ import annotations

from django.conf import settings

from tenancy.keyring_file import read_or_create
from tenancy.sealing import open_under, seal_under


class LocalKeyring:
    """Wraps keys with the one in `settings.KEYRING_FILE`; whoever can read that file can open everything."""

    def __init__(self) -> None:
        key = read_or_create(settings.KEYRING_FILE).encryption
        self.key_id = key.key_id
        self._secret = key.secret

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        return seal_under(self._secret, key, context=context)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        return open_under(self._secret, wrapped, context=context)
