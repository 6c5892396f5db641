"""Sealed bytes in files: what lies in storage is useless without its subject's key."""

from __future__ import annotations

from collections.abc import Iterator
from io import SEEK_END, BufferedReader, BytesIO, RawIOBase
from typing import TYPE_CHECKING, BinaryIO, cast
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import storages

from tenancy import keyring
from tenancy.errors import KeyringError
from tenancy.ids import new_id
from tenancy.scope import current_organisation

if TYPE_CHECKING:
    from typing_extensions import Buffer

_BUFFER_BYTES = 64 * 1024


def put(plaintext: bytes, *, subject_id: UUID, kind: str, object_id: UUID) -> str:
    """Seals and stores `plaintext`; the storage name tells nothing but identifiers and the kind."""
    return put_stream(BytesIO(plaintext), subject_id=subject_id, kind=kind, object_id=object_id)


def put_stream(file: BinaryIO, *, subject_id: UUID, kind: str, object_id: UUID) -> str:
    """Seals what is left to read in `file` and stores it, with little of it in memory at a time."""
    pieces = keyring.seal_stream(file, subject_id=subject_id, kind=kind, object_id=object_id)
    name = f"{current_organisation()}/{kind}/{object_id}.{new_id().hex}"
    source = BufferedReader(_Pieces(pieces), _BUFFER_BYTES)
    return storages["blobs"].save(name, File(source, name))


def get(name: str, *, subject_id: UUID, kind: str, object_id: UUID) -> bytes:
    """What was put under `name` for exactly this subject, kind and object; otherwise raises `KeyringError`."""
    with _stored(name) as file:
        sealed = file.read()
    return keyring.open_sealed(sealed, subject_id=subject_id, kind=kind, object_id=object_id)


def get_stream(name: str, *, subject_id: UUID, kind: str, object_id: UUID) -> Iterator[bytes]:
    """As `get`, piece by piece, also after the scope has ended.

    Every piece is authentic when it comes; a blob that was cut short raises `TamperedError` where it ends.
    """
    file = _stored(name)
    try:
        pieces = keyring.open_stream(file, subject_id=subject_id, kind=kind, object_id=object_id)
    except BaseException:
        file.close()
        raise
    return _closing(file, pieces)


def get_range(name: str, *, subject_id: UUID, kind: str, object_id: UUID, start: int, length: int) -> bytes:
    """`length` bytes from byte `start` of what was put, fewer where it ends, without opening what lies around.

    Raises:
        KeyringError: as `get`; a blob that was cut or lengthened is noticed wherever the range lies.
        ValueError: `start` or `length` is negative.
    """
    with _stored(name) as file:
        size = file.seek(0, SEEK_END)
        file.seek(0)
        return keyring.open_range(
            file, subject_id=subject_id, kind=kind, object_id=object_id, size=size, start=start, length=length
        )


def delete(name: str) -> None:
    """Removes the sealed bytes; deleting what is gone already is no error."""
    storages["blobs"].delete(name)


class _Pieces(RawIOBase):
    """Pieces that come from an iterator, as a file to read from once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        target = memoryview(buffer)
        taken, self._rest = self._rest[: len(target)], self._rest[len(target) :]
        target[: len(taken)] = taken
        return len(taken)


def _stored(name: str) -> BinaryIO:
    try:
        return cast("BinaryIO", storages["blobs"].open(name))
    except FileNotFoundError:
        pass
    raise KeyringError(f"The blob {name} is missing from storage: restore it from a backup.")


def _closing(file: BinaryIO, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with file:
        yield from pieces
