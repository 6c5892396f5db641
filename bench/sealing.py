"""Throughput of sealed against plain blobs in one run: the same storage, the same bytes, turn and turn about."""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

from bench.figures import Figure, of_mean
from tenancy import blobs
from tenancy.ids import new_id
from tenancy.scope import organisation_scope

SIZE = 8 * 1024 * 1024
PART = 64 * 1024
ROUNDS = 12
GOAL = 0.5  # sealing may cost half of the throughput, and no more


def figures(organisation_id: UUID) -> list[Figure]:
    """Ratios of sealed to plain throughput: writing, reading whole, and 64 KiB from the middle; then MiB/s.

    The caller has Django set up, the database migrated and the organisation made; one scope serves the whole run, so
    the figures are those of the format, not of key management.
    """
    subject, content = new_id(), os.urandom(SIZE)
    with organisation_scope(organisation_id, actor="system"), tempfile.TemporaryDirectory() as folder:
        plain = FileSystemStorage(location=folder)
        bare = plain.save("plain", ContentFile(content))
        name = blobs.put(content, subject_id=subject, kind="bench", object_id=subject)
        it = {"subject_id": subject, "kind": "bench", "object_id": subject}
        middle = SIZE // 2
        pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "write": (
                lambda: blobs.delete(blobs.put_stream(io.BytesIO(content), **it)),
                lambda: plain.delete(plain.save("again", ContentFile(content))),
            ),
            "read": (lambda: blobs.get(name, **it), lambda: _read(Path(folder) / bare, 0, SIZE)),
            "read 64 KiB": (
                lambda: blobs.get_range(name, start=middle, length=PART, **it),
                lambda: _read(Path(folder) / bare, middle, PART),
            ),
        }
        found = [figure for what, (sealed, open_) in pairs.items() for figure in _compare(what, sealed, open_)]
        storages["blobs"].delete(name)
    return found


def _compare(what: str, sealed: Callable[[], object], plain: Callable[[], object]) -> list[Figure]:
    ratios, speeds = [], []
    for _ in range(ROUNDS):
        plainly, sealedly = _seconds(plain), _seconds(sealed)
        ratios.append(plainly / sealedly)
        speeds.append((PART if "64" in what else SIZE) / 2**20 / sealedly)
    goal = GOAL if what == "write" else None  # reading plain bytes back is a copy out of the machine's cache
    return [
        of_mean(f"blob {what}: sealed / plain throughput", ratios, unit="ratio", goal=goal, direction="at least"),
        of_mean(f"blob {what}: sealed", speeds, unit="MiB/s", goal=None, direction="at least"),
    ]


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
