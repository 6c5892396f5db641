"""How long the original of an examination is kept, and its end: at its time or at an examiner's word, unless held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.events import Event
from audit.log import append
from governance import case_holds
from governance.forensic_models import CustodyAction, CustodyEvent, Examination, ExaminationStatus
from governance.forensics import custody, examinations
from governance.forensics.errors import ExaminationHeldError, ExaminationRunningError, OriginalGoneError
from governance.hold_models import CaseHold
from tenancy import blobs, keyring

ENDED = (ExaminationStatus.COMPLETED, ExaminationStatus.FAILED)
TIME_OVER = "The time for which originals are kept is over."
Because = Literal["request", "retention"]


@dataclass(frozen=True)
class Fate:
    """What becomes, or became, of an original.

    Attributes:
        until: when it is destroyed, unless held; None while the examination goes on, and once it is gone.
        hold: the legal hold that keeps it beyond that.
        destroyed: the link of its chain of custody that says when, by whom and why; None while it is kept.
    """

    until: datetime | None
    hold: CaseHold | None
    destroyed: CustodyEvent | None


def fate(examination: Examination) -> Fate:
    """What becomes of the original as things stand."""
    if not examination.blob:
        return Fate(None, None, examinations.destroyed(examination))
    ended = examination.completed_at
    return Fate(ended and ended + _kept_for(), case_holds.on(examination.case_number), None)


def due_by(until: datetime) -> QuerySet[Examination]:
    """Those of the organisation in scope whose original is to be destroyed by then, held ones too; oldest first."""
    ended = Examination.objects.filter(status__in=ENDED, completed_at__lte=until - _kept_for())
    return ended.exclude(blob="").order_by("completed_at", "id")


def expire(examination_id: UUID) -> Literal["destroyed", "held", "gone"]:
    """Destroy one that is due, if under lock it still is: it may have been deleted meanwhile, or held."""
    examination = due_by(timezone.now()).select_for_update().filter(id=examination_id).first()
    if examination is None:
        return "gone"
    if case_holds.on(examination.case_number) is not None:
        return "held"
    _destroy(examination, because="retention", stated={"reason": TIME_OVER, "days": settings.EXAMINATION_ORIGINAL_DAYS})
    return "destroyed"


def delete(examination: Examination, *, reason: str) -> None:
    """Destroy the sealed bytes and their key for good before their time; hash, findings and custody stay.

    Raises:
        ExaminationRunningError: it has not ended yet.
        OriginalGoneError: they were destroyed before.
        ExaminationHeldError: a legal hold keeps the files of this case.
    """
    locked = Examination.objects.select_for_update().get(id=examination.id)
    if locked.status not in ENDED:
        raise ExaminationRunningError("The examination has not ended yet.")
    if not locked.blob:
        raise OriginalGoneError("The original was destroyed before.")
    hold = case_holds.on(locked.case_number)
    if hold is not None:
        raise ExaminationHeldError(f"A legal hold has kept the files of this case since {hold.placed_at:%Y-%m-%d}.")
    _destroy(locked, because="request", stated={"reason": reason})


def _destroy(examination: Examination, *, because: Because, stated: dict[str, str | int]) -> None:
    Examination.objects.filter(id=examination.id).update(blob="", touched_at=timezone.now())
    transaction.on_commit(partial(blobs.delete, examination.blob), robust=True)
    keyring.shred(subject_id=examination.id)
    custody.note(examination, action=CustodyAction.DELETED, in_sha256=examination.sha256, parameters=stated)
    data = {"sha256": examination.sha256, "because": because}
    append(Event.EXAMINATION_DELETED, refs={"examination": examination.id}, data=data)


def _kept_for() -> timedelta:
    return timedelta(days=settings.EXAMINATION_ORIGINAL_DAYS)
