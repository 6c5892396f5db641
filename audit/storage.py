"""Where the published log lies: tiles, entry bundles and the checkpoint as plain files, read without the database."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from audit.errors import LogError, MissingObjectError, NoteError
from audit.notes import Checkpoint, Note

CHECKPOINT = "checkpoint"


def read(path: str) -> bytes:
    """The bytes at `path`, such as `tile/0/000.p/17`.

    Raises:
        MissingObjectError: nothing lies there (it is a `FileNotFoundError` too).
    """
    try:
        with storages["log"].open(path) as file:
            return bytes(file.read())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingObjectError(f"The log's storage has no {path}.") from error


def write(path: str, data: bytes) -> None:
    """Puts `data` at `path`, in place of what was there; on return it is stored for good."""
    stored = storages["log"].save(path, ContentFile(data))
    if stored != path:
        raise LogError(
            f"The log's storage put {path} under the name {stored}: configure STORAGES['log'] so that it overwrites."
        )


def names(folder: str) -> list[str]:
    """The files directly in `folder`; none if there is no such folder."""
    try:
        return sorted(storages["log"].listdir(folder)[1])
    except FileNotFoundError:
        return []


def discard(path: str) -> None:
    """Removes the file at `path`, if there is one."""
    storages["log"].delete(path)


def published() -> Note | None:
    """The checkpoint as everyone reads it, its signatures not verified; None as long as nothing was published.

    Raises:
        LogError: what lies there is no checkpoint.
    """
    try:
        note = Note.parse(read(CHECKPOINT))
        Checkpoint.parse(note.text)
    except MissingObjectError:
        return None
    except NoteError as error:
        raise LogError(
            f"The published checkpoint is damaged ({error}): run `manage.py verify_audit_log`, keep the file as "
            "evidence elsewhere, and `manage.py sequence_audit_log --rebuild` writes the log anew from the database."
        ) from error
    return note


def published_size() -> int:
    """How many leaves the published checkpoint speaks of; 0 as long as nothing was published."""
    note = published()
    return 0 if note is None else Checkpoint.parse(note.text).size
