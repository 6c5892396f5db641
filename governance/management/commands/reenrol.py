"""Make references anew after an encoder has changed: every enrolled voice that today's encoders have not heard."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track

from governance.tasks import reenrol_voice
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from voices import reenrolment


class Command(BaseCommand):
    """`manage.py reenrol [--organisation SLUG] [--queue]`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organisation", metavar="SLUG", help="this organisation alone")
        parser.add_argument("--queue", action="store_true", help="let the workers do it, and do not wait")

    def handle(self, **options: Any) -> None:
        organisations = Organisation.objects.order_by("slug")
        if options["organisation"]:
            organisations = organisations.filter(slug=options["organisation"])
            if not organisations:
                raise CommandError(f"There is no organisation {options['organisation']}.")
        found = []
        for organisation in organisations:
            with organisation_scope(organisation.id, actor="system"):
                found += [(str(organisation.id), str(voice.id)) for voice in reenrolment.waiting()]
        if options["queue"]:
            for arguments in found:
                reenrol_voice.delay(*arguments)
            print(f"{len(found)} voices were sent to the workers.")
            return
        console = Console(stderr=True)
        outcomes = Counter(reenrol_voice(*arguments) for arguments in track(found, "Re-enrolling", console=console))
        for outcome, count in sorted(outcomes.items()):
            print(f"{outcome}: {count}")
        if not found:
            print("Every enrolled voice has a reference by each encoder of today.")
