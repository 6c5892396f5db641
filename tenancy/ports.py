"""The ports of the tenancy app: who holds the outermost key, who uses it besides, who writes down what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID


class KeyManagement(Protocol):
    """Holds keys that never leave it, and wraps other keys (and little else, up to 4,096 bytes) with the present one.

    Whatever cannot be reached, is throttled beyond patience or forbids the operation raises `KeyringError`: there is
    no answer without it. Constructing one is cheap and asks nobody.
    """

    @property
    def key_id(self) -> str:
        """The lasting name of the key that wraps now; it changes when that key is rotated."""

    def holds(self, key_id: str) -> bool:
        """Whether what the key of that name wrapped can still be unwrapped here."""

    def key_id_of(self, wrapped: bytes) -> str:
        """The name of the key that wrapped this, as the bytes themselves claim; empty where they name none."""

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """`key` encrypted and bound to `context`."""

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """The key again; raises `TamperedError` for altered bytes or another context, else `KeyringError`."""

    def rewrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """The same, wrapped by the present key; where the service can, the plain key does not leave it."""

    def health(self) -> None:
        """Raises `KeyringError`, saying what to do, unless keys can be wrapped and unwrapped now."""


class KeyHolder(Protocol):
    """Something in another app that keeps bytes which key management itself wrapped; asked in the owner's scope."""

    def behind(self, *, organisation_id: UUID | None) -> int:
        """How many of them a former key wrapped; None stands for the platform's own."""

    def rewrap(self, *, organisation_id: UUID | None) -> int:
        """Wraps them by the present key, in the caller's transaction; returns how many."""


class EventRecorder(Protocol):
    """Writes one event to the record, in the caller's transaction and scope."""

    def __call__(self, event: str, *, refs: Mapping[str, UUID], data: Mapping[str, object] | None) -> UUID:
        """The identifier of the entry; raises for an event outside the vocabulary."""
