"""The platform's signature (Ed25519, RFC 8032) under what it hands out, such as receipts."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from tenancy.errors import KeyringError
from tenancy.keyring_file import NamedKey, read_or_create


def sign(payload: bytes) -> tuple[str, str]:
    """The signing key's identifier, and the signature in unpadded base64url."""
    key = read_or_create(settings.KEYRING_FILE).signing[-1]
    return key.key_id, base64.urlsafe_b64encode(_private(key).sign(payload)).rstrip(b"=").decode()


def public_key(key_id: str) -> bytes:
    """The 32 raw bytes of the public key; raises `KeyringError` for a key that is not ours."""
    for key in read_or_create(settings.KEYRING_FILE).signing:
        if key.key_id == key_id:
            return _private(key).public_key().public_bytes_raw()
    raise KeyringError(f"No signing key is called {key_id!r}.")


def verify(payload: bytes, *, signature: str, key_id: str) -> bool:
    """Whether we signed exactly these bytes; a malformed signature is simply not ours."""
    for key in read_or_create(settings.KEYRING_FILE).signing:
        if key.key_id == key_id:
            try:
                raw = base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_", validate=True)
                _private(key).public_key().verify(raw, payload)
            except (InvalidSignature, binascii.Error, ValueError):
                return False
            return True
    return False


def _private(key: NamedKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.secret)
