"""`manage.py restore FOLDER`: a backup into an empty installation; what was erased since is erased again first."""

from __future__ import annotations

import argparse
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from audit.errors import LogError
from governance import unfinished
from governance.backups import bringing_back
from governance.embedded.errors import EmbeddedError
from governance.errors import BackupError, ErasureError
from tenancy.errors import KeyringError


class Command(BaseCommand):
    """Restores into empty targets; nothing serves until it has ended well."""

    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--ledger", type=Path, help="the newest erasure ledger (default: the one of ERASURE_LEDGER)"
        )
        parser.add_argument("--admin-url", help="of an external database: a role that bypasses row security")

    def handle(self, *, folder: Path, ledger: Path | None, admin_url: str | None, **_options: object) -> None:
        try:
            bringing_back.bring_back(folder.resolve(), admin_url=admin_url, ledger=ledger, say=self.stdout.write)
        except (BackupError, ErasureError, LogError, KeyringError, EmbeddedError, OSError) as error:
            more = f"\n{unfinished.REFUSAL}" if unfinished.restoring() else ""
            raise CommandError(f"{error}{more}") from error
        self.stdout.write(self.style.SUCCESS("Restored, erased again what was erased, verified: `manage.py up`."))
