"""Wrap by the present keys whatever former keys still wrap; run it again after an interruption, it goes on."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rich.console import Console

from tenancy import rotation
from tenancy.errors import KeyringError
from tenancy.keyring_file import add_encryption_key, drop_former_encryption_keys


class Command(BaseCommand):
    """`manage.py rotate_keys`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only count what is behind; exit 1 if anything is")
        parser.add_argument("--new-keyring-key", action="store_true", help="first add a key to the local keyring")
        parser.add_argument("--organisation-keys", action="store_true", help="first give organisations new keys")
        parser.add_argument("--before", type=parse_datetime, help="only to organisations whose key is older than this")
        parser.add_argument("--drop-former", action="store_true", help="at last destroy the keyring's former keys")
        parser.add_argument("--batch", type=int, default=rotation.BATCH, help="subject keys per transaction")

    def handle(self, **options: Any) -> None:
        try:
            if options["check"]:
                self._check()
            else:
                self._rotate(**options)
        except KeyringError as error:
            raise CommandError(f"{error} What is done is done: run the command again to go on.") from error

    def _rotate(self, *, before: datetime | None, batch: int, **options: Any) -> None:
        console = Console()
        if options["new_keyring_key"]:
            print(f"{settings.KEYRING_FILE} now wraps with {add_encryption_key(settings.KEYRING_FILE)}.")
        if options["organisation_keys"]:
            before = before or timezone.now()
            print(f"If this is interrupted, go on with: rotate_keys --organisation-keys --before {before.isoformat()}")
            print(f"{rotation.begin_organisation_rotation(before=before)} organisations have a new key.", flush=True)
        with console.status("wrapping") as status:
            done = rotation.catch_up(say=status.update, batch=batch)
        print(
            f"Wrapped anew: {done.organisation_keys} organisation keys, {done.subject_keys} subject keys, "
            f"{done.held_elsewhere} protected voices."
        )
        self._check()
        if options["drop_former"]:
            print(f"{drop_former_encryption_keys(settings.KEYRING_FILE)} former keys destroyed.")

    def _check(self) -> None:
        behind = rotation.behind()
        print(
            f"Behind: {behind.organisation_keys} organisation keys, {behind.subject_keys} subject keys, "
            f"{behind.held_elsewhere} protected voices."
        )
        if not behind.nothing:
            raise CommandError("Former keys are still needed: run rotate_keys.")
