"""Take a backup: the database first, then blobs and log, which only gain what the dump may refer to.

The erasure ledger stays out on purpose: it lives apart, so that the newest one meets an older backup. The keyring
stays out as well unless it is asked for: a backup that holds it opens itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from governance.backups import dumping, manifest, stores
from governance.errors import BackupError

DATABASE = "database.dump"
KEYRING = "keyring.json"


def take(folder: Path, *, admin_url: str | None, with_keyring: bool, say: Callable[[str], None]) -> None:
    """Write a complete backup to `folder`, which is new or empty and ends up readable by its owner alone.

    Raises:
        BackupError: the folder is not empty, or the database could not be dumped.
    """
    _prepare(folder)
    say("database: dumping")
    dumping.dump(dumping.administrator(admin_url), to=folder / DATABASE)
    (folder / DATABASE).chmod(0o600)
    written = [manifest.measure(folder, DATABASE)]
    for store in (stores.BLOBS, stores.LOG):
        copied = stores.copy_out(store, folder)
        written += copied
        say(f"{store}: {len(copied)} files")
    if with_keyring:
        keyring = Path(settings.KEYRING_FILE)
        written.append(manifest.copy([keyring.read_bytes()], folder, path=KEYRING))
        say("keyring: copied; whoever has this folder can open everything in it")
    manifest.write(folder, written, about={"taken_at": timezone.now().isoformat(), "log": settings.LOG_ORIGIN})


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty: name a new folder for each backup.")
