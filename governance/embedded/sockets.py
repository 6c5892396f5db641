"""Finds a private folder with a short path for the Unix sockets of one state folder."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from governance.embedded.errors import EmbeddedError
from governance.embedded.files import write_private
from governance.embedded.layout import PRIVATE, Layout, make_private

# sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included.
LONGEST_PATH = 103
_LONGEST_NAME = "/.s.PGSQL.5432.lock"


def socket_folder(layout: Layout) -> Path:
    """The folder of the sockets, made when missing, always checked.

    The choice is written down in the state folder: XDG_RUNTIME_DIR and TMPDIR differ between a shell, sudo and cron,
    and all of them must find the same running services.

    Raises:
        EmbeddedError: the folder is a link, belongs to someone else, or no short enough place exists.
    """
    note = layout.run / "sockets"
    name = folder_name(layout.root)
    known = Path(note.read_text(encoding="utf-8").strip()) if note.exists() else None
    if known is not None and known.name == name and _is_trustworthy(known.parent):
        folder = known
    else:
        folder = _choose(name)
        write_private(note, f"{folder}\n")
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    make_private(folder)
    return folder


def folder_name(root: Path) -> str:
    """A name that differs for every state folder and every user."""
    return "vivavoce-" + hashlib.sha256(f"{os.geteuid()}:{root}".encode()).hexdigest()[:16]


def _choose(name: str) -> Path:
    for parent in _candidates():
        folder = parent / name
        if len(os.fsencode(f"{folder}{_LONGEST_NAME}")) <= LONGEST_PATH and _is_trustworthy(parent):
            return folder
    raise EmbeddedError("No short private place for Unix sockets: set XDG_RUNTIME_DIR to a folder of yours, mode 700.")


def _candidates() -> Iterator[Path]:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        yield Path(runtime)
    yield Path(tempfile.gettempdir())
    yield Path("/tmp")  # noqa: S108 - only used when sticky, and only for a folder of our own inside it


def _is_trustworthy(parent: Path) -> bool:
    """Whether nobody else can remove or rename a folder of ours inside `parent`."""
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        return False
    found = parent.stat()
    writable_by_others = bool(found.st_mode & 0o022)
    return found.st_uid in {0, os.geteuid()} and (not writable_by_others or bool(found.st_mode & stat.S_ISVTX))
