"""Restore a backup into an empty installation, and let it serve only once every erasure was carried out again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from audit import publishing, recovery, sequencer
from governance import erasure_ledger, erasure_replay, unfinished
from governance.backups import dumping, manifest, stores
from governance.backups.taking import DATABASE, KEYRING
from governance.errors import BackupError

Say = Callable[[str], None]


def bring_back(folder: Path, *, admin_url: str | None, ledger: Path | None, say: Say) -> None:
    """Restore `folder`. The mark of the restore lies until all of it is done, and again after any failure.

    Raises:
        BackupError: the backup is not whole, a target is not empty, or the ledger lacks an erasure that the log knows.
        LogError: the published log cannot follow from the backup.
    """
    manifest.read(folder)
    say("backup: every file is as the manifest says")
    address = dumping.administrator(admin_url)
    lines = _ledger(ledger)
    _require_empty(address)
    if not (Path(settings.KEYRING_FILE).exists() or (folder / KEYRING).exists()):
        raise BackupError(f"There is no keyring at {settings.KEYRING_FILE}: without it nothing can be opened.")
    unfinished.begin(str(folder))
    _bring_keyring(folder, say)
    dumping.restore(address, source=folder / DATABASE)
    say("database: restored")
    _fill_stores(folder, say)
    connections.close_all()
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    grown = recovery.roll_forward()
    say(f"log: {grown.before} entries in the backup, {grown.after} published")
    erasure_ledger.write(lines)
    done = erasure_replay.replay(lines)
    say(f"erasures: {len(lines)} in the ledger, {done.again} carried out again, {done.files} files deleted")
    _prove(say)
    unfinished.end()


def _ledger(given: Path | None) -> list[erasure_ledger.AnyLine]:
    """The lines of the ledger that was named, and of the one that lies here."""
    if given is not None and not given.is_file():
        raise BackupError(f"There is no erasure ledger at {given}.")
    lines = {line.entry: line for line in erasure_ledger.read()}
    if given is not None:
        lines |= {line.entry: line for line in erasure_ledger.read(given)}
    return sorted(lines.values(), key=lambda line: line.at)


def _require_empty(address: str) -> None:
    if not dumping.is_empty(address):
        raise BackupError("The database is not empty: restore into a new one (`manage.py up --services-only`).")
    if not stores.is_empty(stores.BLOBS):
        raise BackupError("The blob store is not empty: restore into an empty one.")


def _bring_keyring(folder: Path, say: Say) -> None:
    source, target = folder / KEYRING, Path(settings.KEYRING_FILE)
    if source.exists() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(source, target)
        target.chmod(0o600)
        say("keyring: restored")


def _fill_stores(folder: Path, say: Say) -> None:
    """The blobs; and the log's files, unless the published ones survived, which are newer."""
    say(f"blobs: {stores.copy_in(stores.BLOBS, folder)} files")
    if stores.is_empty(stores.LOG):
        say(f"log: {stores.copy_in(stores.LOG, folder)} files")
    else:
        say("log: the published files are here, and are newer than the backup's")


def _prove(say: Say) -> None:
    """Log and publish what the restore did, and verify everything from the stored bytes."""
    while sequencer.sequence_once():
        pass
    publishing.publish()
    call_command("verify_audit_log")
    say("log: verified")
