"""The sealed format: AES-256-GCM under a key derived afresh for each message and bound to what it belongs to.

Byte 0 is the version, bytes 1 to 32 the salt, the rest ciphertext and tag. HKDF-SHA256 (RFC 5869) over the parent
key, the salt and the context gives a key and a nonce that no other message shares.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenancy.errors import TamperedError

VERSION = b"\x01"
SALT_BYTES = 32
TAG_BYTES = 16
_KEY_BYTES = 32
_NONCE_BYTES = 12


def seal_under(key: bytes, plaintext: bytes, *, context: bytes) -> bytes:
    salt = secrets.token_bytes(SALT_BYTES)
    cipher, nonce = _derive(key, salt, context)
    return VERSION + salt + cipher.encrypt(nonce, plaintext, VERSION + context)


def open_under(key: bytes, sealed: bytes, *, context: bytes) -> bytes:
    """The plaintext; raises `TamperedError` unless every bit, and the context, are as they were sealed."""
    start = len(VERSION) + SALT_BYTES
    if not sealed.startswith(VERSION) or len(sealed) < start + TAG_BYTES:
        raise TamperedError("These bytes are not sealed by any version known here.")
    cipher, nonce = _derive(key, sealed[len(VERSION) : start], context)
    try:
        return cipher.decrypt(nonce, sealed[start:], VERSION + context)
    except InvalidTag as error:
        raise TamperedError("The sealed bytes were altered, or belong to something else.") from error


def _derive(key: bytes, salt: bytes, context: bytes) -> tuple[AESGCM, bytes]:
    material = HKDF(SHA256(), _KEY_BYTES + _NONCE_BYTES, salt, context).derive(key)
    return AESGCM(material[:_KEY_BYTES]), material[_KEY_BYTES:]
