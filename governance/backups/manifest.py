"""The manifest of a backup: every file with its size and SHA-256; written last, so its presence says "complete"."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.embedded.files import write_private
from governance.errors import BackupError

FORMAT = 1
NAME = "manifest.json"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Written:
    """One file of a backup: its path inside the folder, its size in bytes and its SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


def copy(chunks: Iterable[bytes], target: Path, *, path: str) -> Written:
    """Write the chunks to `target/path`, for its owner alone, hashing them on the way."""
    file_path = target / path
    for parent in [*reversed(Path(path).parents)][1:]:  # each by itself: `parents=True` would leave them open to others
        (target / parent).mkdir(exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with file_path.open("xb") as file:
        file_path.chmod(0o600)
        for chunk in chunks:
            digest.update(chunk)
            size += file.write(chunk)
    return Written(path, size, digest.hexdigest())


def measure(folder: Path, path: str) -> Written:
    """What lies in a backup at `path`."""
    digest, size = hashlib.sha256(), 0
    with (folder / path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Written(path, size, digest.hexdigest())


def write(folder: Path, files: Iterable[Written], *, about: Mapping[str, Any]) -> None:
    """Complete a backup."""
    listed = {file.path: {"size": file.size, "sha256": file.sha256} for file in files}
    write_private(folder / NAME, json.dumps({"format": FORMAT, **about, "files": listed}, indent=1, sort_keys=True))


def read(folder: Path) -> dict[str, Any]:
    """The manifest, once every file was found to be as it says and no other file to be there.

    Raises:
        BackupError: the backup is incomplete, altered, or of another format; the message names the first file.
    """
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        listed = {path: Written(path, entry["size"], entry["sha256"]) for path, entry in found["files"].items()}
    except FileNotFoundError as error:
        raise BackupError(f"{folder} holds no complete backup: {NAME} is missing, which is written last.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"The manifest of {folder} is damaged: use another copy of this backup.") from error
    if found.get("format") != FORMAT:
        raise BackupError(f"The backup has format {found.get('format')}, and this version reads format {FORMAT}.")
    there = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {NAME}
    for path in sorted(there | listed.keys()):
        if path not in listed:
            raise BackupError(f"{path} is not in the manifest: the backup was altered.")
        if path not in there or measure(folder, path) != listed[path]:
            raise BackupError(f"{path} is missing or not as the manifest says: use another copy of this backup.")
    return found
