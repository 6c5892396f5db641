"""`manage.py backup FOLDER`: database, blobs and published log, with a manifest; the erasure ledger stays apart."""

from __future__ import annotations

import argparse
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from governance.backups import taking
from governance.embedded.errors import EmbeddedError
from governance.errors import BackupError


class Command(BaseCommand):
    """Writes one complete backup into a new folder, while everything runs."""

    help = __doc__ or ""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--admin-url", help="of an external database: a role that bypasses row security")
        parser.add_argument(
            "--with-keyring", action="store_true", help="copy the local keyring too: then guard it well"
        )

    def handle(self, *, folder: Path, admin_url: str | None, with_keyring: bool, **_options: object) -> None:
        try:
            taking.take(folder.resolve(), admin_url=admin_url, with_keyring=with_keyring, say=self.stdout.write)
        except (BackupError, EmbeddedError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"The backup in {folder} is complete; keep the erasure ledger apart."))
