from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File

from audit.folder import WholeFileStorage


@pytest.fixture
def folder(tmp_path: Path) -> WholeFileStorage:
    return WholeFileStorage(location=tmp_path / "log")


class BreaksOff(ContentFile):
    """Content whose second half never comes."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield b"half"
        raise OSError("killed")


def content_of(folder: WholeFileStorage, name: str) -> bytes:
    with folder.open(name) as file:
        return bytes(file.read())


def saved(folder: WholeFileStorage, name: str, content: File[bytes]) -> str:
    return folder.save(name, content)


def test_a_file_takes_the_place_of_an_older_one(folder: WholeFileStorage) -> None:
    assert saved(folder, "tile/0/000.p/3", ContentFile(b"old")) == "tile/0/000.p/3"
    assert saved(folder, "tile/0/000.p/3", ContentFile(b"new")) == "tile/0/000.p/3"
    assert content_of(folder, "tile/0/000.p/3") == b"new"
    assert folder.listdir("tile/0/000.p") == ([], ["3"])


def test_a_write_that_breaks_off_leaves_the_old_file_whole(folder: WholeFileStorage) -> None:
    saved(folder, "checkpoint", ContentFile(b"old"))
    with pytest.raises(OSError, match="killed"):
        saved(folder, "checkpoint", BreaksOff(b""))
    assert content_of(folder, "checkpoint") == b"old"
    saved(folder, "checkpoint", ContentFile(b"new"))
    assert folder.listdir("") == ([], ["checkpoint"])


def test_nothing_is_written_outside_the_folder(folder: WholeFileStorage, tmp_path: Path) -> None:
    with pytest.raises(SuspiciousFileOperation):
        saved(folder, "../outside", ContentFile(b"x"))
    assert list(tmp_path.iterdir()) == []
