"""Place, lift or list legal holds: orders to keep what the retention schedule would destroy, of a speaker or a case."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from governance import case_holds, legal_holds
from governance.hold_models import CaseHold, LegalHold
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """`manage.py legal_hold place|lift|list --organisation SLUG …`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        place = acts.add_parser("place", help="keep a speaker's proof of consent, or the files of a case")
        about = place.add_mutually_exclusive_group(required=True)
        about.add_argument("speaker", type=UUID, nargs="?")
        about.add_argument("--case", metavar="NUMBER", help="of files that were, or will be, handed in for examination")
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
        except (legal_holds.LegalHoldError, case_holds.UnknownHoldError) as error:
            raise CommandError(error.message) from error
        except ValueError as error:
            raise CommandError(str(error)) from error

    def _place(self, options: dict[str, Any]) -> None:
        if options["case"] is not None:
            why = {"reason": options["reason"], "placed_by": options["placed_by"]}
            on_case = case_holds.place(options["case"], **why)
            print(f"Hold {on_case.id} is placed; {_originals(on_case)} are kept until it is lifted.")
            return
        hold = legal_holds.place(
            options["speaker"],
            reason=options["reason"],
            placed_by=options["placed_by"],
            covers_biometric=options["covers_biometric"],
        )
        print(f"Hold {hold.id} is placed; {_kept(hold)} is kept until it is lifted.")

    def _lift(self, options: dict[str, Any]) -> None:
        hold_id = options["hold"]
        if case_holds.standing().filter(id=hold_id).exists():
            case_holds.lift(hold_id)
        else:
            legal_holds.lift(hold_id)
        print(f"Hold {hold_id} is lifted; what is due is destroyed by the next run of the retention job.")

    def _list(self, _options: dict[str, Any]) -> None:
        for hold in LegalHold.objects.filter(lifted_at__isnull=True).order_by("placed_at"):
            since = f"since {hold.placed_at:%Y-%m-%d} by {hold.placed_by}"
            print(f"{hold.id}: speaker {hold.speaker_id}, {_kept(hold)}, {since}: {hold.reason}")
        for on_case in case_holds.standing():
            since = f"since {on_case.placed_at:%Y-%m-%d} by {on_case.placed_by}"
            print(f"{on_case.id}: {_originals(on_case)}, {since}: {on_case.reason}")


def _originals(hold: CaseHold) -> str:
    return f"the originals of case {hold.case_number}"


def _kept(hold: LegalHold) -> str:
    return "the voice and the proof of consent" if hold.covers_biometric else "the proof of consent"
