"""Legal holds on cases: the files handed in under a case number are kept, on somebody's word, until it is lifted."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from audit.events import Event
from audit.log import append
from governance.errors import GovernanceError
from governance.forensic_models import Examination
from governance.hold_models import CaseHold
from tenancy.scope import current_organisation


class UnknownHoldError(GovernanceError):
    """No hold of that identifier is open in this organisation."""

    code = "hold-unknown"


def place(case_number: str, *, reason: str, placed_by: str) -> CaseHold:
    """Keep the originals of a case, those that come later too, until the hold is lifted.

    Args:
        case_number: as it was, or will be, given with the files.
        reason: the order or the claim; it may name people, and stays in the row.
        placed_by: who answers for it.

    Raises:
        ValueError: one of them is empty.
    """
    if not case_number.strip() or not reason.strip() or not placed_by.strip():
        raise ValueError("Say which case is held, why, and by whom.")
    kept = sum(bool(one.blob) for one in Examination.objects.select_for_update().filter(case_number=case_number))
    hold = CaseHold.objects.create(
        organisation_id=current_organisation(),
        case_number=case_number,
        reason=" ".join(reason.split()),
        placed_by=" ".join(placed_by.split()),
    )
    append(Event.LEGAL_HOLD_PLACED, refs={}, data={"hold": str(hold.id), "originals": kept})
    return hold


def lift(hold_id: UUID) -> CaseHold:
    """End a hold; what is due is destroyed by the next run of the retention job, and may be deleted.

    Raises:
        UnknownHoldError: no such hold is open in the organisation in scope.
    """
    if not standing().filter(id=hold_id).update(lifted_at=timezone.now()):
        raise UnknownHoldError("No such hold is open in this organisation.")
    append(Event.LEGAL_HOLD_LIFTED, refs={}, data={"hold": str(hold_id)})
    return CaseHold.objects.get(id=hold_id)


def standing() -> QuerySet[CaseHold]:
    """Those of the organisation in scope that are open, oldest first."""
    mine = CaseHold.objects.filter(organisation_id=current_organisation(), lifted_at__isnull=True)
    return mine.order_by("placed_at", "id")


def upon(case_number: str) -> QuerySet[CaseHold]:
    """All that keep the files of this case now, oldest first."""
    return standing().filter(case_number=case_number)


def on(case_number: str) -> CaseHold | None:
    """The oldest hold that keeps the files of this case now; None where there is none."""
    return upon(case_number).first()
