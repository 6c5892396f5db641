"""The platform's signature (Ed25519, RFC 8032) under what it hands out, such as receipts, and the log's own seeds."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from tenancy.errors import KeyringError
from tenancy.keyring_file import NamedKey, read_or_create


@dataclass(frozen=True, repr=False)
class LogKeys:
    """The 32-byte seeds with which the transparency log signs: Ed25519 (RFC 8032) and ML-DSA-44 (FIPS 204)."""

    ed25519_seed: bytes
    ml_dsa_44_seed: bytes


def log_keys() -> LogKeys:
    """The log's seeds, made with the keyring on first use; they sign checkpoints and nothing else."""
    ring = read_or_create(settings.KEYRING_FILE)
    return LogKeys(ed25519_seed=ring.log_ed25519.secret, ml_dsa_44_seed=ring.log_ml_dsa_44.secret)


def sign(payload: bytes) -> tuple[str, str]:
    """The signing key's identifier, and the signature in unpadded base64url."""
    key = read_or_create(settings.KEYRING_FILE).signing[-1]
    return key.key_id, base64.urlsafe_b64encode(_private(key).sign(payload)).rstrip(b"=").decode()


def current_key_id() -> str:
    """The name of the key that `sign` uses now, for formats that name the key inside what is signed."""
    return read_or_create(settings.KEYRING_FILE).signing[-1].key_id


def sign_by(key_id: str, payload: bytes) -> bytes:
    """The raw signature by the key of that name; raises `KeyringError` for a key that is not ours."""
    return _private(_named(key_id)).sign(payload)


def public_key(key_id: str) -> bytes:
    """The 32 raw bytes of the public key; raises `KeyringError` for a key that is not ours."""
    return _private(_named(key_id)).public_key().public_bytes_raw()


def public_keys() -> dict[str, bytes]:
    """The raw public keys by name, oldest first: what was signed by a former one still verifies."""
    keys = read_or_create(settings.KEYRING_FILE).signing
    return {key.key_id: _private(key).public_key().public_bytes_raw() for key in keys}


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


def _named(key_id: str) -> NamedKey:
    for key in read_or_create(settings.KEYRING_FILE).signing:
        if key.key_id == key_id:
            return key
    raise KeyringError(f"No signing key is called {key_id!r}.")


def _private(key: NamedKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.secret)
