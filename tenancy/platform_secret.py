"""Secrets of the platform itself, which no organisation has: each for one purpose, from the root in the keyring."""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from tenancy.errors import KeyringError
from tenancy.keyring_file import read_or_create

_PURPOSE = re.compile(r"[a-z][a-z0-9-]*")
_SALT = b"vivavoce/platform-mark-root/v1"
_BYTES = 32


def platform_mark_secret(purpose: str) -> bytes:
    """32 bytes, the same at every call and for no other purpose (HKDF, RFC 5869); the root is made on first use.

    Raises:
        KeyringError: the purpose is no word of lower-case letters, digits and hyphens, or the keyring is damaged.
    """
    if not _PURPOSE.fullmatch(purpose):
        raise KeyringError(f"{purpose!r} is no purpose of a secret: use lower-case letters, digits and hyphens.")
    root = read_or_create(settings.KEYRING_FILE).mark_root.secret
    return HKDF(SHA256(), _BYTES, _SALT, purpose.encode()).derive(root)
