"""The ports of the tenancy app: who holds the outermost key, and who writes down what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID


class KeyManagement(Protocol):
    """Holds a key that never leaves it, and wraps other keys (and little else, up to 4,096 bytes) with it."""

    key_id: str

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """`key` encrypted and bound to `context`."""

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """The key again; raises `TamperedError` for altered bytes or another context, else `KeyringError`."""


class EventRecorder(Protocol):
    """Writes one event to the record, in the caller's transaction and scope."""

    def __call__(self, event: str, *, refs: Mapping[str, UUID], data: Mapping[str, object] | None) -> UUID:
        """The identifier of the entry; raises for an event outside the vocabulary."""
