"""`manage.py import_protected_voices`: people from a table and a folder of recordings onto a list."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track

from safety import lists, protected_voices
from safety.errors import ProtectionError
from safety.importing import hear, read_table
from safety.models import ProtectedList
from safety.registry import speaker_encoders
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope


class Command(BaseCommand):
    """On the platform's list they stand at once; on an organisation's, two of its members agree to each of them."""

    help = "Import protected voices from CSV (name, reason, recording, …) and a folder of recordings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", type=Path)
        parser.add_argument("recordings", type=Path)
        parser.add_argument("--organisation", help="its slug; without it, the platform's list")
        parser.add_argument("--list", dest="listing", help="the list's name; made when it is missing")
        parser.add_argument("--owner", default="", help="who answers for a list that is made")

    def handle(self, **options: Any) -> None:
        try:
            entries = read_table(options["table"], folder=options["recordings"])
        except (ProtectionError, OSError) as error:
            raise CommandError(str(error)) from error
        slug, encoders, faults = options["organisation"], speaker_encoders(), []
        shown = Console(stderr=True)
        for entry in track(entries, description="listening", console=shown, disable=not shown.is_terminal):
            try:
                voice = hear(entry, encoders=encoders)
            except ProtectionError as error:
                faults.append(str(error))
                continue
            with _scope(slug):
                listing = _listing(options, platform=slug is None)
                if slug is None:
                    protected_voices.remove_platform(name=entry.person.name)
                change = lists.propose_addition(listing, entry.person, voice=voice)
                if slug is None:
                    lists.apply_as_operator(change)
        done = "protected" if slug is None else "proposed; two members have to agree"
        self.stdout.write(f"{len(entries) - len(faults)} of {len(entries)} people: {done}.")
        if faults:
            raise CommandError("Not imported:\n" + "\n".join(faults))


def _scope(slug: str | None) -> AbstractContextManager[None]:
    if slug is None:
        return platform_scope()
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        raise CommandError(f"There is no organisation {slug!r}.")
    return organisation_scope(organisation.id, actor="system")


def _listing(options: dict[str, Any], *, platform: bool) -> ProtectedList:
    if options["listing"] is None:
        return protected_voices.default_list(platform=platform)
    found = ProtectedList.objects.filter(name=options["listing"], organisation__isnull=platform).first()
    if found is not None:
        return found
    try:
        return lists.create_list(name=options["listing"], owner=options["owner"], platform=platform)
    except ProtectionError as error:
        raise CommandError(f"{error} Give --owner.") from error
