"""Write everything that is held about a speaker into one zip file, for them alone."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from consent.models import Speaker
from governance import access_pack
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """`manage.py subject_access SPEAKER --organisation SLUG --to FILE`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("speaker", type=UUID)
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="a file that does not exist yet")

    def handle(self, **options: Any) -> None:
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']}.")
        target: Path = options["to"]
        try:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
        try:
            with os.fdopen(descriptor, "wb") as file, organisation_scope(organisation.id, actor="system"):
                contents = access_pack.write(options["speaker"], to=file)
        except BaseException as error:
            target.unlink()
            if isinstance(error, Speaker.DoesNotExist):
                raise CommandError("There is no such speaker in this organisation.") from error
            raise
        print(f"{len(contents.files)} files are in {target}; {len(contents.gone)} objects are gone, and it says why.")
