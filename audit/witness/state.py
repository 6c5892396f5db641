"""What a witness remembers: for each log the last checkpoint that it cosigned, on disk before it answers."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.errors import NoteError, WitnessError
from audit.notes import Checkpoint, Note
from audit.witness.durable import write_durably

MOST_FORKS = 1000


class WitnessState:
    """The folder of one running witness; opened by one process at a time, shared by its threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = folder / "seen"
        self._forks = folder / "forks"
        for needed in (self._seen, self._forks):
            needed.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._choosing = threading.Lock()
        self._lock_file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock_file)
            raise WitnessError(f"Another process runs the witness in {folder}: stop it first.") from error

    def close(self) -> None:
        """Lets another process open the folder."""
        os.close(self._lock_file)

    @contextmanager
    def alone_with(self, origin: str) -> Iterator[None]:
        """Nobody else judges this log meanwhile; other logs go on."""
        with self._choosing:
            lock = self._locks[origin]
        with lock:
            yield

    def latest(self, origin: str) -> Checkpoint | None:
        """The last checkpoint cosigned for this log; `WitnessError` rather than begin anew over a damaged one."""
        path = self._path(origin)
        try:
            checkpoint = Checkpoint.parse(Note.parse(path.read_bytes()).text)
        except FileNotFoundError:
            return None
        except NoteError as error:
            raise WitnessError(
                f"{path} is damaged, so nothing of {origin} is cosigned: retire this witness."
            ) from error
        if checkpoint.origin != origin:
            raise WitnessError(f"{path} is about {checkpoint.origin}, not {origin}: retire this witness.")
        return checkpoint

    def remember(self, origin: str, cosigned: Note) -> None:
        """Puts this in place of what was remembered; on return it is on the disk."""
        write_durably(self._path(origin), cosigned.format().encode())

    def keep_fork(self, note: Note) -> None:
        """Keeps a signed checkpoint that contradicts another of the same size: proof of two histories."""
        path = self._forks / hashlib.sha256(note.text.encode()).hexdigest()
        if not path.exists() and len(list(self._forks.iterdir())) < MOST_FORKS:
            write_durably(path, note.format().encode())

    def _path(self, origin: str) -> Path:
        return self._seen / hashlib.sha256(origin.encode()).hexdigest()
