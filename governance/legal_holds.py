"""Legal holds: keep what would be destroyed, on somebody's word, on the record, until it is lifted."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.models import Speaker
from governance.errors import GovernanceError
from governance.hold_models import LegalHold
from tenancy.scope import current_organisation


class LegalHoldError(GovernanceError):
    """A hold that cannot be placed or lifted as asked."""

    code = "internal-error"


@dataclass(frozen=True)
class Held:
    """What the open holds on a speaker keep."""

    proof: bool
    biometric: bool
    holds: tuple[LegalHold, ...] = ()


def place(speaker_id: UUID, *, reason: str, placed_by: str, covers_biometric: bool = False) -> LegalHold:
    """Keep a speaker's proof of consent and, where `covers_biometric`, their voice, until the hold is lifted.

    Raises:
        LegalHoldError: there is no such speaker in the organisation in scope, or nobody says why or who.
    """
    if not reason.strip() or not placed_by.strip():
        raise LegalHoldError("Say why the hold is placed, and by whom.")
    if not Speaker.objects.filter(id=speaker_id).exists():
        raise LegalHoldError("There is no such speaker in this organisation.")
    hold = LegalHold.objects.create(
        organisation_id=current_organisation(),
        speaker_id=speaker_id,
        reason=" ".join(reason.split()),
        placed_by=" ".join(placed_by.split()),
        covers_biometric=covers_biometric,
    )
    append(Event.LEGAL_HOLD_PLACED, refs={"speaker": speaker_id}, data=_particulars(hold))
    return hold


def lift(hold_id: UUID) -> LegalHold:
    """End a hold; what is due is destroyed by the next run of the retention job.

    Raises:
        LegalHoldError: there is no such hold in the organisation in scope, or it was lifted before.
    """
    hold = LegalHold.objects.select_for_update().filter(id=hold_id).first()
    if hold is None:
        raise LegalHoldError("There is no such hold in this organisation.")
    if hold.lifted_at is not None:
        raise LegalHoldError(f"This hold was lifted on {hold.lifted_at.isoformat()}.")
    hold.lifted_at = timezone.now()
    hold.save(update_fields=["lifted_at"])
    append(Event.LEGAL_HOLD_LIFTED, refs={"speaker": hold.speaker_id}, data=_particulars(hold))
    return hold


def held(speaker_id: UUID) -> Held:
    """What the holds that are open now keep of this speaker."""
    found = tuple(LegalHold.objects.filter(speaker_id=speaker_id, lifted_at__isnull=True).order_by("placed_at", "id"))
    return Held(proof=bool(found), biometric=any(hold.covers_biometric for hold in found), holds=found)


def _particulars(hold: LegalHold) -> dict[str, object]:
    """The reason may name people: it stays in the row."""
    return {"hold": str(hold.id), "covers_biometric": hold.covers_biometric}
