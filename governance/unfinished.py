"""The mark of a restore that has not ended: while it lies in the state folder nothing serves; it outlives a crash."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from governance.embedded.files import sync_folder, write_private

REFUSAL = (
    "A restore of a backup has not ended, so what was erased may be back. Nothing is served before that: empty its "
    "targets (database, blobs, and the file restore-unfinished) and run `manage.py restore` again."
)


def marker() -> Path:
    return Path(settings.VIVAVOCE_HOME) / "restore-unfinished"


def restoring() -> bool:
    """Whether a restore has begun and not ended."""
    return marker().exists()


def begin(source: str) -> None:
    """Mark that a restore begins, before anything else happens; on return the mark is on the disk."""
    write_private(marker(), f"{source}\n")


def end() -> None:
    """Take the mark away, after everything else."""
    marker().unlink()
    sync_folder(marker().parent)
