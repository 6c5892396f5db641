"""Reading and filling the file stores that belong into a backup: sealed blobs and the published log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import Storage, storages

from governance.backups import manifest
from governance.backups.manifest import Written
from governance.errors import BackupError

BLOBS, LOG = "blobs", "log"
CHECKPOINT = "checkpoint"


def names(store: str, folder: str = "") -> Iterator[str]:
    """Every name in a store, folder by folder."""
    try:
        folders, files = storages[store].listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    yield from (f"{prefix}{file}" for file in sorted(files) if not file.startswith("."))
    for inner in sorted(folders):
        yield from names(store, f"{prefix}{inner}")


def is_empty(store: str) -> bool:
    return next(names(store), None) is None


def copy_out(store: str, target: Path) -> list[Written]:
    """Copy a store into `target/<store>`; what is deleted meanwhile is left out.

    Of the log the checkpoint is copied first: every tile that it speaks of was written before it.
    """
    written = []
    for name in sorted(names(store), key=lambda found: found != CHECKPOINT):
        try:
            with storages[store].open(name) as file:
                written.append(manifest.copy(file.chunks(), target, path=f"{store}/{name}"))
        except FileNotFoundError:
            continue
    return written


def copy_in(store: str, source: Path) -> int:
    """Fill a store from `source/<store>`, the log's checkpoint last; how many files there were."""
    folder = source / store
    files = sorted(file for file in folder.rglob("*") if file.is_file()) if folder.exists() else []
    for path in sorted(files, key=lambda file: file.name == CHECKPOINT):
        _save(storages[store], path, str(path.relative_to(folder)))
    return len(files)


def _save(storage: Storage, path: Path, name: str) -> None:
    with path.open("rb") as file:
        saved = storage.save(name, File(file))
    if saved != name:
        storage.delete(saved)
        raise BackupError(f"{name} was there already: restore into empty stores.")
