"""Have an organisation's messages signed with a new secret, beside the former one until an overlap is over."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.forensics import signing_secrets
from governance.forensics.errors import RotationRunningError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """`manage.py rotate_webhook_secret --organisation SLUG [--overlap-hours HOURS]`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument(
            "--overlap-hours",
            type=int,
            default=signing_secrets.USUAL_OVERLAP_HOURS,
            metavar="HOURS",
            help="0 to 168, default 24; 0 for a secret that leaked",
        )

    def handle(self, **options: Any) -> None:
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']}.")
        try:
            with organisation_scope(organisation.id, actor="system"):
                found = signing_secrets.rotate(overlap=timedelta(hours=options["overlap_hours"]))
        except (RotationRunningError, ValueError) as error:
            raise CommandError(str(error)) from error
        print(found.secret)
        if found.former_until is not None:
            print(f"Messages bear the former secret's signature too until {found.former_until:%Y-%m-%d %H:%M} UTC.")
