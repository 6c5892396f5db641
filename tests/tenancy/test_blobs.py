from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from tenancy import blobs
from tenancy.errors import KeyringError, ShreddedError, TamperedError
from tenancy.keyring import shred
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.tenancy.former import make_former_keys

AMARA, OBJECT = UUID(int=1), UUID(int=2)


def put(plaintext: bytes) -> str:
    return blobs.put(plaintext, subject_id=AMARA, kind="sample", object_id=OBJECT)


def get(name: str, *, object_id: UUID = OBJECT) -> bytes:
    return blobs.get(name, subject_id=AMARA, kind="sample", object_id=object_id)


def stored(name: str) -> Path:
    return Path(settings.STORAGES["blobs"]["OPTIONS"]["location"]) / name


def test_what_was_put_comes_back(in_northwind: Organisation) -> None:
    assert get(put(b"speech" * 1000)) == b"speech" * 1000


def test_on_disk_lie_sealed_bytes_that_only_the_owner_can_read(in_northwind: Organisation) -> None:
    path = stored(put(b"speech" * 1000))
    assert b"speech" not in path.read_bytes()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_name_tells_nothing_but_identifiers_and_the_kind(in_northwind: Organisation) -> None:
    organisation, kind, last = put(b"speech").split("/")
    assert (organisation, kind, last.partition(".")[0]) == (str(in_northwind.id), "sample", str(OBJECT))


def test_a_second_object_never_replaces_the_first(in_northwind: Organisation) -> None:
    first, second = put(b"first"), put(b"second")
    assert (get(first), get(second)) == (b"first", b"second")


def test_files_swapped_in_storage_are_noticed(in_northwind: Organisation) -> None:
    other = uuid4()
    name = put(b"Amara's")
    elsewhere = blobs.put(b"other", subject_id=AMARA, kind="sample", object_id=other)
    stored(name).write_bytes(stored(elsewhere).read_bytes())
    with pytest.raises(TamperedError):
        get(name)


def test_a_half_written_file_is_noticed(in_northwind: Organisation) -> None:
    name = put(b"speech" * 1000)
    stored(name).write_bytes(stored(name).read_bytes()[:100])
    with pytest.raises(TamperedError):
        get(name)


def test_a_missing_file_is_an_error_and_deleting_it_again_is_none(in_northwind: Organisation) -> None:
    name = put(b"speech")
    blobs.delete(name)
    blobs.delete(name)
    with pytest.raises(KeyringError, match="missing"):
        get(name)


def test_a_shredded_subjects_file_stays_shut(in_northwind: Organisation) -> None:
    name = put(b"speech")
    shred(subject_id=AMARA)
    with pytest.raises(ShreddedError):
        get(name)


LONG = secrets.token_bytes(100_000)


def get_streamed(name: str) -> bytes:
    return b"".join(blobs.get_stream(name, subject_id=AMARA, kind="sample", object_id=OBJECT))


def get_part(name: str, start: int = 0, length: int = 10**9) -> bytes:
    return blobs.get_range(name, subject_id=AMARA, kind="sample", object_id=OBJECT, start=start, length=length)


WAYS = [get, get_streamed, get_part]


class Counting(io.BytesIO):
    """Remembers the most that was asked for at once."""

    most = 0

    def read(self, size: int | None = -1) -> bytes:
        self.most = max(self.most, size if size is not None and size >= 0 else 10**9)
        return super().read(size)


@pytest.mark.parametrize("read", WAYS)
def test_it_does_not_matter_how_it_was_put_and_is_fetched(
    in_northwind: Organisation, read: Callable[[str], bytes]
) -> None:
    source = Counting(LONG)
    streamed = blobs.put_stream(source, subject_id=AMARA, kind="sample", object_id=OBJECT)
    assert (read(streamed), read(put(LONG))) == (LONG, LONG)
    assert source.most <= 64 * 1024
    assert read(put(b"")) == b""


def test_a_stream_goes_on_after_the_scope_has_ended(northwind: Organisation) -> None:
    """A response is sent when its transaction is over."""
    with organisation_scope(northwind.id, actor="system"):
        pieces = blobs.get_stream(put(LONG), subject_id=AMARA, kind="sample", object_id=OBJECT)
    assert b"".join(pieces) == LONG


@pytest.mark.parametrize(
    ("start", "length"), [(0, 1), (16_383, 2), (50_000, 20_000), (99_999, 9), (100_000, 1), (5, 0)]
)
def test_a_range_is_what_a_slice_would_be(in_northwind: Organisation, start: int, length: int) -> None:
    assert get_part(put(LONG), start, length) == LONG[start : start + length]


@pytest.mark.parametrize("read", WAYS)
def test_every_flipped_cut_or_added_byte_on_disk_is_refused(
    in_northwind: Organisation, read: Callable[[str], bytes]
) -> None:
    name = put(b"speech" * 20)
    whole = stored(name).read_bytes()
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 0x80
        for broken in (bytes(flipped), whole[:position]):
            stored(name).write_bytes(broken)
            with pytest.raises(TamperedError):
                read(name)
    stored(name).write_bytes(whole + b"\0")
    with pytest.raises(TamperedError):
        read(name)


@pytest.mark.parametrize("read", WAYS)
def test_a_missing_or_shredded_blob_gives_nothing_in_any_way(
    in_northwind: Organisation, read: Callable[[str], bytes]
) -> None:
    with pytest.raises(KeyringError, match="missing"):
        read("nowhere")
    name = put(LONG)
    shred(subject_id=AMARA)
    with pytest.raises(ShreddedError):
        read(name)


@pytest.mark.parametrize("read", WAYS)
def test_blobs_of_the_former_format_are_still_read(northwind: Organisation, read: Callable[[str], bytes]) -> None:
    with organisation_scope(northwind.id, actor="system"):
        name = put(b"replaced below")
    with organisation_scope(northwind.id, actor="system"):
        stored(name).write_bytes(make_former_keys(AMARA, voice=LONG))
        assert read(name) == LONG
        assert get_part(name, 10, 20) == LONG[10:30]
