"""What can go wrong with ownership, identity and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenancy.models import ApiKey


class ScopeError(Exception):
    """Work that belongs to an organisation was attempted outside any, or by an actor who cannot be named."""


class OrganisationError(ValueError):
    """An organisation or a member that cannot be made as asked."""


class ApiKeyError(Exception):
    """A key that opens nothing; `code` is `api-key-unknown`, `api-key-expired` or `api-key-revoked`."""

    def __init__(self, code: str, message: str, *, api_key: ApiKey | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.api_key = api_key


class KeyringError(Exception):
    """A key or a sealed object that cannot be used."""


class SignatureError(Exception):
    """What was offered as signed here was not, or was changed since."""


class TamperedError(KeyringError):
    """Sealed bytes were altered, or belong to something else than what was asked for."""


class ShreddedError(KeyringError):
    """The key was destroyed: what it sealed cannot be opened by anyone, ever again."""
