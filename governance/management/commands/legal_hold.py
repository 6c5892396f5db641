"""Place, lift or list legal holds: orders to keep what the retention schedule would destroy."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from governance import legal_holds
from governance.models import LegalHold
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """`manage.py legal_hold place|lift|list --organisation SLUG …`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        place = acts.add_parser("place", help="keep a speaker's proof of consent")
        place.add_argument("speaker", type=UUID)
        place.add_argument("--reason", required=True, help="the order or the claim, with its reference")
        place.add_argument("--placed-by", required=True, help="who answers for it")
        place.add_argument(
            "--covers-biometric",
            action="store_true",
            help="keep the voice as well: only for a warrant or subpoena of a competent court",
        )
        lift = acts.add_parser("lift", help="end a hold")
        lift.add_argument("hold", type=UUID)
        listed = acts.add_parser("list", help="the holds that are open")
        for act in (place, lift, listed):
            act.add_argument("--organisation", required=True, metavar="SLUG")

    def handle(self, **options: Any) -> None:
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']}.")
        try:
            with organisation_scope(organisation.id, actor="system"):
                getattr(self, f"_{options['act']}")(options)
        except legal_holds.LegalHoldError as error:
            raise CommandError(error.message) from error

    def _place(self, options: dict[str, Any]) -> None:
        hold = legal_holds.place(
            options["speaker"],
            reason=options["reason"],
            placed_by=options["placed_by"],
            covers_biometric=options["covers_biometric"],
        )
        print(f"Hold {hold.id} is placed; {_kept(hold)} is kept until it is lifted.")

    def _lift(self, options: dict[str, Any]) -> None:
        hold = legal_holds.lift(options["hold"])
        print(f"Hold {hold.id} is lifted; what is due is destroyed by the next run of the retention job.")

    def _list(self, _options: dict[str, Any]) -> None:
        for hold in LegalHold.objects.filter(lifted_at__isnull=True).order_by("placed_at"):
            since = f"since {hold.placed_at:%Y-%m-%d} by {hold.placed_by}"
            print(f"{hold.id}: speaker {hold.speaker_id}, {_kept(hold)}, {since}: {hold.reason}")


def _kept(hold: LegalHold) -> str:
    return "the voice and the proof of consent" if hold.covers_biometric else "the proof of consent"
