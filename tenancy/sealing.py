"""The sealed format: which suite and which key sealed something stand in front of it, bound into what follows.

Suite 2 (written): "VVS", the suite's number, the key's UUID and version, then C2SP chunked encryption whose context
is the caller's and this header. Suite 1 (still read): the byte 1, a salt of 32 bytes, AES-256-GCM in one piece under a
key and nonce that HKDF-SHA256 (RFC 5869) gives for salt and context.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import BinaryIO
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenancy import chunked
from tenancy.errors import TamperedError

MAGIC = b"VVS"
SUITE = b"\x02"
HEADER_BYTES = len(MAGIC) + len(SUITE) + 16 + 4
FORMER_SUITE = b"\x01"
FORMER_SALT_BYTES = 32
FORMER_TAG_BYTES = 16
_FORMER_NONCE_BYTES = 12
_UNKNOWN = "These bytes are not sealed by any suite known here."
_ALTERED = "The sealed bytes were altered, or belong to something else."


@dataclass(frozen=True, repr=False)
class SealingKey:
    """32 secret bytes, and the name under which what they seal refers to them."""

    id: UUID
    version: int
    secret: bytes

    @property
    def header(self) -> bytes:
        return MAGIC + SUITE + self.id.bytes + self.version.to_bytes(4)


def seal_under(key: SealingKey, plaintext: bytes, *, context: bytes) -> bytes:
    return key.header + chunked.encrypt(key.secret, plaintext, context=context + key.header)


def open_under(key: SealingKey, sealed: bytes, *, context: bytes) -> bytes:
    """The plaintext; raises `TamperedError` unless every bit, key and context are as they were when it was sealed."""
    if sealed[:1] == FORMER_SUITE:
        return _open_former(key.secret, sealed, context=context)
    _check(key, sealed[:HEADER_BYTES])
    return chunked.decrypt(key.secret, memoryview(sealed)[HEADER_BYTES:], context=context + key.header)


def seal_stream(key: SealingKey, file: BinaryIO, *, context: bytes) -> Iterator[bytes]:
    """The sealed bytes piece by piece."""
    return chain([key.header], chunked.encrypt_stream(key.secret, file, context=context + key.header))


def open_stream(key: SealingKey, file: BinaryIO, *, context: bytes) -> Iterator[bytes]:
    """The plaintext piece by piece, each authentic; raises `TamperedError` no later than at the end."""
    header = file.read(HEADER_BYTES)
    if header[:1] == FORMER_SUITE:
        return iter([_open_former(key.secret, header + file.read(), context=context)])
    _check(key, header)
    return chunked.DecryptingStream(key.secret, file, context=context + key.header)


def open_range(key: SealingKey, file: BinaryIO, *, context: bytes, size: int, start: int, length: int) -> bytes:
    """A part of the plaintext; `file` stands at the first of `size` sealed bytes. The former suite is opened whole."""
    header = file.read(HEADER_BYTES)
    if header[:1] == FORMER_SUITE:
        whole = BytesIO(_open_former(key.secret, header + file.read(), context=context))
        whole.seek(start)
        return whole.read(length)
    _check(key, header)
    bound, rest = context + key.header, size - HEADER_BYTES
    return chunked.decrypt_range(key.secret, file, context=bound, size=rest, start=start, length=length)


def key_of(sealed: bytes) -> tuple[UUID, int] | None:
    """Name and version of the key that sealed this, as the header claims; None for the former suite, which names none.

    Raises:
        TamperedError: no suite known here wrote this.
    """
    if sealed[:1] == FORMER_SUITE:
        return None
    header = sealed[:HEADER_BYTES]
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC + SUITE):
        raise TamperedError(_UNKNOWN)
    return UUID(bytes=header[4:20]), int.from_bytes(header[20:])


def _check(key: SealingKey, header: bytes) -> None:
    if header != key.header:
        raise TamperedError(_ALTERED if header.startswith(MAGIC + SUITE) else _UNKNOWN)


def _open_former(secret: bytes, sealed: bytes, *, context: bytes) -> bytes:
    start = len(FORMER_SUITE) + FORMER_SALT_BYTES
    if len(sealed) < start + FORMER_TAG_BYTES:
        raise TamperedError(_UNKNOWN)
    salt = sealed[len(FORMER_SUITE) : start]
    material = HKDF(SHA256(), chunked.KEY_BYTES + _FORMER_NONCE_BYTES, salt, context).derive(secret)
    cipher, nonce = AESGCM(material[: chunked.KEY_BYTES]), material[chunked.KEY_BYTES :]
    try:
        return cipher.decrypt(nonce, sealed[start:], FORMER_SUITE + context)
    except InvalidTag:
        pass
    raise TamperedError(_ALTERED)
