"""Show the platform's operator whose enrolled voices sound like one that is held as a duplicate."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from safety import duplicates
from safety.errors import ComparisonError
from safety.registry import calibration
from tenancy.models import Organisation


class Command(BaseCommand):
    """`manage.py find_duplicates VOICE`; it names other organisations, so its output is for nobody but the operator."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("voice", type=UUID)

    def handle(self, **options: Any) -> None:
        try:
            found = duplicates.others_like(options["voice"], calibration=calibration())
        except ComparisonError as error:
            raise CommandError(str(error)) from error
        names = dict(Organisation.objects.values_list("id", "slug"))
        for likeness in found:
            whose = f"organisation {names[likeness.organisation_id]}"
            print(f"voice {likeness.voice_id}, {whose}, log-likelihood ratio {likeness.llr:.1f}")
        if not found:
            print("Nobody else's enrolled voice sounds like this one.")
