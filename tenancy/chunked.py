"""C2SP chunked encryption (c2sp.org/chunked-encryption@v1) as Cobblestone-256: HKDF-Expand-SHA-512 and AES-256-GCM.

A message is salt (24 bytes), commitment (32 bytes) and chunks of 16 KiB, each with a tag of 16 bytes; the last chunk
is shorter than 16 KiB, so that cutting the message at any place shows. Every chunk is authenticated before a byte of
it is given out, and the commitment before the first chunk is tried.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tenancy.errors import TamperedError

KEY_BYTES = 32
SALT_BYTES = 24
COMMITMENT_BYTES = 32
PREFIX_BYTES = SALT_BYTES + COMMITMENT_BYTES
CHUNK_BYTES = 16 * 1024
TAG_BYTES = 16
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
MOST_CHUNKS = 2**38
_NONCE_BYTES = 12
_LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
_ALTERED = "The sealed bytes were altered or cut, or belong to something else."


class _Chunks:
    """The keys of one message, and its chunks by number."""

    def __init__(self, key: bytes, *, salt: bytes, context: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"A key has {KEY_BYTES} bytes, not {len(key)}.")
        length = KEY_BYTES + _NONCE_BYTES + COMMITMENT_BYTES
        material = HKDFExpand(SHA512(), length, _LABEL + salt + context).derive(key)
        self._cipher = AESGCM(material[:KEY_BYTES])
        self._nonce = int.from_bytes(material[KEY_BYTES : KEY_BYTES + _NONCE_BYTES])
        self.commitment = material[KEY_BYTES + _NONCE_BYTES :]

    def encrypt(self, number: int, plaintext: bytes | memoryview) -> bytes:
        return self._cipher.encrypt(self._nonce_of(number), plaintext, None)

    def decrypt(self, number: int, sealed: bytes | memoryview) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce_of(number), sealed, None)
        except InvalidTag:
            pass
        raise TamperedError(_ALTERED)

    def _nonce_of(self, number: int) -> bytes:
        if not 0 <= number < MOST_CHUNKS:
            raise ValueError(f"A message has at most {MOST_CHUNKS} chunks.")
        return (self._nonce ^ number).to_bytes(_NONCE_BYTES)


def sealed_length(length: int) -> int:
    """Bytes of ciphertext for `length` bytes of plaintext."""
    return PREFIX_BYTES + length + TAG_BYTES * (length // CHUNK_BYTES + 1)


def opened_length(sealed: int) -> int:
    """Bytes of plaintext in `sealed` bytes of ciphertext; raises `TamperedError` where no message has this length."""
    whole, rest = divmod(sealed - PREFIX_BYTES, SEALED_CHUNK_BYTES)
    if whole < 0 or rest < TAG_BYTES:
        raise TamperedError(_ALTERED)
    return whole * CHUNK_BYTES + rest - TAG_BYTES


def encrypt(key: bytes, plaintext: bytes, *, context: bytes, salt: bytes | None = None) -> bytes:
    """The whole message; `salt` (24 bytes, never twice with one key) is given by test vectors alone."""
    salt = salt or secrets.token_bytes(SALT_BYTES)
    chunks = _Chunks(key, salt=salt, context=context)
    view = memoryview(plaintext)
    count = len(view) // CHUNK_BYTES + 1
    parts = (chunks.encrypt(n, view[n * CHUNK_BYTES : (n + 1) * CHUNK_BYTES]) for n in range(count))
    return b"".join([salt, chunks.commitment, *parts])


def decrypt(key: bytes, sealed: bytes | memoryview, *, context: bytes) -> bytes:
    """The whole plaintext; raises `TamperedError` unless key, context and every byte are as they were."""
    view = memoryview(sealed)
    opened_length(len(view))
    chunks = _opened(key, bytes(view[:PREFIX_BYTES]), context=context)
    starts = range(PREFIX_BYTES, len(view), SEALED_CHUNK_BYTES)
    return b"".join(
        [chunks.decrypt(n, view[start : start + SEALED_CHUNK_BYTES]) for n, start in enumerate(starts)],
    )


def encrypt_stream(key: bytes, file: BinaryIO, *, context: bytes) -> Iterator[bytes]:
    """The message piece by piece, with 16 KiB of plaintext in memory; what was read so far is no whole message."""
    salt = secrets.token_bytes(SALT_BYTES)
    chunks = _Chunks(key, salt=salt, context=context)
    yield salt + chunks.commitment
    number, plaintext = 0, _exactly(file, CHUNK_BYTES)
    while len(plaintext) == CHUNK_BYTES:
        yield chunks.encrypt(number, plaintext)
        number, plaintext = number + 1, _exactly(file, CHUNK_BYTES)
    yield chunks.encrypt(number, plaintext)


class DecryptingStream(Iterator[bytes]):
    """The plaintext chunk by chunk, each authentic; only at the end is it known that nothing was cut off.

    Raises:
        TamperedError: at once for another key or context, then at the first chunk that is not as it was, or at the
            end if the message was cut or lengthened; whoever asks on after that is told so again.
    """

    def __init__(self, key: bytes, file: BinaryIO, *, context: bytes) -> None:
        self._chunks = _opened(key, _exactly(file, PREFIX_BYTES), context=context)
        self._file, self._number, self._ended = file, 0, False

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        if self._number < 0:
            raise TamperedError(_ALTERED)
        number, self._number = self._number, -1  # until the chunk has proved authentic
        sealed = _exactly(self._file, SEALED_CHUNK_BYTES)
        plaintext = self._chunks.decrypt(number, sealed)
        self._number, self._ended = number + 1, len(sealed) < SEALED_CHUNK_BYTES
        return plaintext


def decrypt_range(key: bytes, file: BinaryIO, *, context: bytes, size: int, start: int, length: int) -> bytes:
    """`length` bytes of plaintext from `start`, fewer where the message ends, without decrypting what lies around.

    The message's own length is authenticated by its last chunk. `file` begins at the message and is `size` bytes
    long, beginning at its present position.
    """
    if start < 0 or length < 0:
        raise ValueError("A range begins at 0 or later and has no negative length.")
    origin, total = file.tell(), opened_length(size)
    chunks = _opened(key, _exactly(file, PREFIX_BYTES), context=context)
    final = total // CHUNK_BYTES
    end = min(start + length, total)
    first, last = start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES
    if last != final or start >= end:
        file.seek(origin + PREFIX_BYTES + final * SEALED_CHUNK_BYTES)
        chunks.decrypt(final, _exactly(file, size - PREFIX_BYTES - final * SEALED_CHUNK_BYTES))
    if start >= end:
        return b""
    file.seek(origin + PREFIX_BYTES + first * SEALED_CHUNK_BYTES)
    opened = [chunks.decrypt(number, _exactly(file, SEALED_CHUNK_BYTES)) for number in range(first, last + 1)]
    return b"".join(opened)[start - first * CHUNK_BYTES : end - first * CHUNK_BYTES]


def _opened(key: bytes, prefix: bytes, *, context: bytes) -> _Chunks:
    if len(prefix) < PREFIX_BYTES:
        raise TamperedError(_ALTERED)
    chunks = _Chunks(key, salt=prefix[:SALT_BYTES], context=context)
    if not hmac.compare_digest(chunks.commitment, prefix[SALT_BYTES:]):
        raise TamperedError(_ALTERED)
    return chunks


def _exactly(file: BinaryIO, count: int) -> bytes:
    """`count` bytes, fewer only at the end: a file may give less than it is asked for."""
    read = file.read(count)
    if len(read) == count or not read:
        return read
    parts = [read]
    missing = count - len(read)
    while missing and (read := file.read(missing)):
        parts.append(read)
        missing -= len(read)
    return b"".join(parts)
