"""A folder in which a file appears whole or not at all, and what was written is on the disk before anyone is told."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class WholeFileStorage(FileSystemStorage):
    """Writes to a temporary name, syncs, renames over the final one and syncs the folder; one writer at a time."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002 - Django's signature
        return name  # what is saved again is replaced, never put beside the old one

    def _save(self, name: str, content: File[bytes]) -> str:
        final = Path(self.path(name))
        made = [folder for folder in final.parents if not folder.exists()]
        final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = final.with_name(f".{final.name}.new")
        with unfinished.open("wb") as file:
            for chunk in content.chunks():
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(final)
        for folder in (final.parent, *(parent.parent for parent in made)):
            _sync(folder)
        return name


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
