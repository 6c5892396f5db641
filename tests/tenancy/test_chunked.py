from __future__ import annotations

import hashlib
import io
import json
import secrets
import zlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from tenancy import chunked
from tenancy.chunked import CHUNK_BYTES, PREFIX_BYTES, SEALED_CHUNK_BYTES, TAG_BYTES, DecryptingStream
from tenancy.errors import TamperedError

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "wycheproof" / "testvectors_v1"
KEY = secrets.token_bytes(32)
CONTEXT = b"vivavoce|test"
LENGTHS = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]
REFUSED = (TamperedError, ValueError)  # a key of the wrong length is the caller's mistake


def vectors(name: str) -> list[dict[str, Any]]:
    path = VECTORS / name
    if not path.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(f"the official vectors are not here: {path}"))]  # type: ignore[list-item]
    groups = json.loads(path.read_text())["testGroups"]
    return [pytest.param(test, id=str(test["tcId"])) for group in groups for test in group["tests"]]  # type: ignore[misc]


COBBLESTONE = vectors("c2sp_chunked_encryption_aes_256_gcm_test.json")


class Vector:
    def __init__(self, test: dict[str, Any]) -> None:
        self.key, self.context = bytes.fromhex(test["key"]), bytes.fromhex(test["ctx"])
        self.sealed = zlib.decompress(bytes.fromhex(test["ct"]))
        self.valid, self.flags = test["result"] == "valid", test["flags"]
        self.length, self.digest = test.get("msgLength", 0), test.get("msgSha512")

    def says(self, plaintext: bytes) -> bool:
        return len(plaintext) == self.length and hashlib.sha512(plaintext).hexdigest() == self.digest

    def read_range(self, start: int, length: int) -> bytes:
        file, size = io.BytesIO(self.sealed), len(self.sealed)
        return chunked.decrypt_range(self.key, file, context=self.context, size=size, start=start, length=length)


def stream(sealed: bytes, *, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return b"".join(DecryptingStream(key, io.BytesIO(sealed), context=context))


def part(sealed: bytes, start: int, length: int) -> bytes:
    return chunked.decrypt_range(KEY, io.BytesIO(sealed), context=CONTEXT, size=len(sealed), start=start, length=length)


@pytest.mark.parametrize("test", COBBLESTONE)
def test_official_vectors_in_one_piece(test: dict[str, Any]) -> None:
    vector = Vector(test)
    if vector.valid:
        plaintext = chunked.decrypt(vector.key, vector.sealed, context=vector.context)
        assert vector.says(plaintext)
        salt = vector.sealed[: chunked.SALT_BYTES]
        assert chunked.encrypt(vector.key, plaintext, context=vector.context, salt=salt) == vector.sealed
    else:
        with pytest.raises(REFUSED):
            chunked.decrypt(vector.key, vector.sealed, context=vector.context)


@pytest.mark.parametrize("test", COBBLESTONE)
def test_official_vectors_streamed(test: dict[str, Any]) -> None:
    """Of a broken message nothing comes but its valid beginning, and asking on never looks like a clean end."""
    vector, got = Vector(test), list[bytes]()
    if vector.valid:
        assert vector.says(stream(vector.sealed, key=vector.key, context=vector.context))
        return
    with pytest.raises(REFUSED):
        reader = DecryptingStream(vector.key, io.BytesIO(vector.sealed), context=vector.context)
        while True:
            got.append(next(reader))
    assert ("HeaderFailure" not in vector.flags) or got == []
    assert vector.says(b"".join(got)) if "PartialPlaintext" in vector.flags else got == []
    if "HeaderFailure" not in vector.flags:
        with pytest.raises(TamperedError):
            next(reader)


@pytest.mark.parametrize("test", COBBLESTONE)
def test_official_vectors_by_range(test: dict[str, Any]) -> None:
    vector = Vector(test)
    if vector.valid:
        assert vector.says(vector.read_range(0, 2**40))
        assert vector.read_range(vector.length, 5) == b""
        return
    with pytest.raises(REFUSED):
        vector.read_range(0, 2**40)
    if "ValidFinalChunk" not in vector.flags:
        with pytest.raises(REFUSED):
            vector.read_range(0, 0)


@pytest.mark.parametrize("test", vectors("hkdf_sha512_test.json"))
def test_official_vectors_of_the_key_derivation(test: dict[str, Any]) -> None:
    salt, info = bytes.fromhex(test["salt"]), bytes.fromhex(test["info"])

    def derive() -> HKDF:
        return HKDF(SHA512(), test["size"], salt, info)

    if test["result"] == "valid":
        derive().verify(bytes.fromhex(test["ikm"]), bytes.fromhex(test["okm"]))
        with pytest.raises(InvalidKey):
            derive().verify(bytes.fromhex(test["ikm"]), bytes(test["size"]))
    else:
        with pytest.raises(ValueError, match="larger than"):
            derive()


@pytest.mark.parametrize("length", LENGTHS)
def test_all_ways_of_writing_and_reading_agree(length: int) -> None:
    plaintext = secrets.token_bytes(length)
    whole = chunked.encrypt(KEY, plaintext, context=CONTEXT)
    streamed = b"".join(chunked.encrypt_stream(KEY, io.BytesIO(plaintext), context=CONTEXT))
    for sealed in (whole, streamed):
        assert len(sealed) == chunked.sealed_length(length)
        assert chunked.opened_length(len(sealed)) == length
        assert chunked.decrypt(KEY, sealed, context=CONTEXT) == plaintext
        assert stream(sealed) == plaintext


MESSAGE = secrets.token_bytes(2 * CHUNK_BYTES + 100)
SEALED = chunked.encrypt(KEY, MESSAGE, context=CONTEXT)


@given(start=st.integers(0, len(MESSAGE) + 10), length=st.integers(0, len(MESSAGE) + 10))
def test_every_range_is_what_a_slice_would_be(start: int, length: int) -> None:
    assert part(SEALED, start, length) == MESSAGE[start : start + length]


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, -1)])
def test_a_range_before_the_beginning_is_a_mistake(start: int, length: int) -> None:
    with pytest.raises(ValueError, match="range"):
        part(SEALED, start, length)


def test_every_flipped_byte_is_refused() -> None:
    """All of them, in one small and one long message, by every way of reading that comes across it."""
    small = chunked.encrypt(KEY, b"a small voice", context=CONTEXT)
    for sealed, step in ((small, 1), (SEALED, 97)):
        for position in [*range(0, len(sealed), step), *range(PREFIX_BYTES + TAG_BYTES)]:
            forged = bytearray(sealed)
            forged[position] ^= 1 << position % 8
            with pytest.raises(TamperedError):
                chunked.decrypt(KEY, bytes(forged), context=CONTEXT)
            with pytest.raises(TamperedError):
                stream(bytes(forged))
            with pytest.raises(TamperedError):
                part(bytes(forged), 0, len(sealed))


def test_every_cut_and_every_addition_is_refused_even_by_a_range_that_does_not_reach_it() -> None:
    edges = [PREFIX_BYTES + n * SEALED_CHUNK_BYTES + d for n in range(3) for d in (-1, 0, 1, TAG_BYTES)]
    cuts = {*range(PREFIX_BYTES + 40), *edges, len(SEALED) - 1}
    broken = [SEALED[:cut] for cut in cuts if cut < len(SEALED)]
    broken += [SEALED + bytes(more) for more in (1, TAG_BYTES, SEALED_CHUNK_BYTES)]
    for sealed in broken:
        for read in (lambda s: chunked.decrypt(KEY, s, context=CONTEXT), stream, lambda s: part(s, 0, 10)):
            with pytest.raises(TamperedError):
                read(sealed)


def test_chunks_of_two_messages_cannot_be_mixed() -> None:
    other = chunked.encrypt(KEY, MESSAGE, context=CONTEXT)
    cut = PREFIX_BYTES + SEALED_CHUNK_BYTES
    with pytest.raises(TamperedError):
        chunked.decrypt(KEY, SEALED[:cut] + other[cut:], context=CONTEXT)


def test_another_key_or_context_is_refused_before_the_first_chunk() -> None:
    for key, context in ((secrets.token_bytes(32), CONTEXT), (KEY, CONTEXT + b"!")):
        with pytest.raises(TamperedError):
            DecryptingStream(key, io.BytesIO(SEALED), context=context)


class Trickle(io.RawIOBase):
    """A file that gives a few bytes at a time, as a network does."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def read(self, size: int | None = -1) -> bytes:
        return self._file.read(min(1_000, 1_000 if size is None else size))


def test_a_file_that_gives_less_than_it_was_asked_for_is_no_shorter_message() -> None:
    sealed = b"".join(chunked.encrypt_stream(KEY, Trickle(MESSAGE), context=CONTEXT))  # type: ignore[arg-type]
    assert chunked.decrypt(KEY, sealed, context=CONTEXT) == MESSAGE
    assert b"".join(DecryptingStream(KEY, Trickle(sealed), context=CONTEXT)) == MESSAGE  # type: ignore[arg-type]
