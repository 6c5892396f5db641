from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from tenancy import blobs
from tenancy.errors import KeyringError, ShreddedError, TamperedError
from tenancy.keyring import shred
from tenancy.models import Organisation

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
