"""Scanning files and whole folders at the command line, for whoever operates this installation; nothing is kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, connections

from synth_adapter.decoding import decode
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform
from watermark import register, registry, testifying
from watermark.errors import MarkError
from watermark.keyed.library import Library

SUFFIXES = frozenset({".wav", ".mp3", ".flac", ".ogg", ".opus", ".webm", ".mka", ".m4a", ".mp4", ".aac"})
AWAY = (
    "The register of clips is away, because the database does not answer: start it with `manage.py up --services-only`."
    " No clip can be named and nothing is called unmarked; a short id that is read is a hint where to look later."
)


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The files among `paths`, whatever they are, and every sound file in the folders among them, in order."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else []
        found += [part for part in inside if part.suffix.lower() in SUFFIXES and part.is_file()]
        found += [] if path.is_dir() else [path]
    return list(dict.fromkeys(found))


@cache
def register_is_here() -> bool:
    """Whether the database with the register answers; asked once in each process."""
    try:
        connection.ensure_connection()
    except OperationalError:
        return False
    return True


def scan(
    path: Path, *, fast: bool, claimed: Sequence[UUID] = (), progress: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """What the marks of one file say, as plain JSON; a file that cannot be read says why instead.

    Args:
        path: the file.
        fast: only whether it is marked, which is quicker to tell; no clip is named.
        claimed: clips that somebody says are in it, which are then looked for without their pilots at every speed.
        progress: told the share that is done.
    """
    known: dict[str, Any] = {"file": str(path), "register": "here" if register_is_here() else "away"}
    try:
        with path.open("rb") as file:
            audio = file.read(settings.AUDIO_MAX_BYTES + 1)  # with one more than allowed the decoder refuses it
        known |= {"sha256": hashlib.sha256(audio).hexdigest(), "protocol_sha256": testifying.PROTOCOL.sha256}
        found = _look(decode(audio).waveform, fast=fast, claimed=claimed, progress=progress)
    except OSError as error:
        return {**known, "status": "failed", "explanation": f"The file cannot be read: {error.strerror}."}
    except (AudioError, MarkError) as error:
        return {**known, "status": "failed", "explanation": str(error)}
    return {**known, "status": "completed", **found}


def scan_all(files: Sequence[Path], *, fast: bool, jobs: int, claimed: Sequence[UUID] = ()) -> Iterator[dict[str, Any]]:
    """`scan` of every file in `jobs` processes of their own, each as it is done.

    They are forked once the register has been read, so that it lies in memory once for all of them.
    """
    settings.MODEL_THREADS = max(1, (os.cpu_count() or 1) // jobs)
    if register_is_here():
        register.library()
    connections.close_all()  # a connection is nobody's to inherit
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        for done in as_completed([pool.submit(scan, path, fast=fast, claimed=claimed) for path in files]):
            yield done.result()


def _look(
    waveform: Waveform, *, fast: bool, claimed: Sequence[UUID], progress: Callable[[float], None] | None
) -> dict[str, Any]:
    here, markers = register_is_here(), registry.listening()
    library = register.library() if here else _without_register()
    if fast:
        found: dict[str, Any] = {"verdict": testifying.screen(waveform, library=library, markers=markers)}
    else:
        testimony = testifying.examine(waveform, library=library, markers=markers, claimed=claimed, progress=progress)
        found = testimony.as_json()
    return found


def _without_register() -> Library:
    """The pilots alone, which the keyring of this machine gives: they lead to the short id of a clip."""
    return Library(pilots=register.pilots_alone(), shelves=(), fingerprint=_unknown, whole=False)


def _unknown(_organisation_id: UUID, _clip_id: UUID) -> bytes | None:
    """The fingerprint of any clip, where there is no register."""
    return None
