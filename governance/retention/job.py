"""The nightly job: destroy what the schedule says is due, say so on the record, and let no failure stop the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import proof
from consent.models import ConsentRecord
from consent.succession import ENDED, lock_consents
from governance.erasure import erase
from governance.errors import ErasureError
from governance.forensic_models import Examination
from governance.forensics import originals
from governance.models import Detection, Review
from governance.retention.due import Item, due_by, holds_voice, items_of, overdue_uploads
from governance.retention.schedule import schedule
from tenancy import blobs
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from voices.models import PreparedVoice, Sample, Voice

_log = logging.getLogger(__name__)
REASONS = {"withdrawal": "consent-withdrawn", "purpose": "consent-expired", "inactivity": "speaker-inactive"}
Outcome = Literal["destroyed", "held", "failed", "gone"]
NOT_READ = "The upload could not be read in time; its sound was deleted."


@dataclass
class Report:
    """What one run did in one organisation; `failed` is left for the next run, and `held` for the end of a hold."""

    voices: int = 0
    proofs: int = 0
    uploads: int = 0
    originals: int = 0
    held: int = 0
    failed: int = 0


def upcoming(organisation_id: UUID, *, until: datetime) -> list[Item]:
    """What falls due by then, earliest first, that under legal hold included; nothing is changed."""
    with organisation_scope(organisation_id, actor="system"):
        return sorted(due_by(until), key=lambda item: item.due.at)


def overdue_originals(organisation_id: UUID, *, until: datetime) -> list[Examination]:
    """The examinations whose original falls due by then, earliest first, those under legal hold included."""
    with organisation_scope(organisation_id, actor="system"):
        return list(originals.due_by(until).defer("result", "protocol"))


def enforce(organisation_id: UUID) -> Report:
    """Destroy everything that is due in one organisation, each thing in a transaction of its own."""
    report, now = Report(), timezone.now()
    for item in upcoming(organisation_id, until=now):
        outcome = _attempt(organisation_id, partial(_destroy, item), f"The {item.what} of consent {item.consent_id}")
        report.failed += outcome == "failed"
        report.held += outcome == "held"
        report.voices += outcome == "destroyed" and item.what == "voice"
        report.proofs += outcome == "destroyed" and item.what == "proof"
    for examination in overdue_originals(organisation_id, until=now):
        act = partial(originals.expire, examination.id)
        outcome = _attempt(organisation_id, act, f"The original of examination {examination.id}")
        report.failed += outcome == "failed"
        report.held += outcome == "held"
        report.originals += outcome == "destroyed"
    with organisation_scope(organisation_id, actor="system"):
        report.uploads = sum(_drop(upload) for upload in overdue_uploads(now))
        append(Event.RETENTION_RUN, refs={}, data={"schedule": schedule().version, **vars(report)})
    return report


def enforce_everywhere() -> Iterator[tuple[Organisation, Report]]:
    """Every organisation in turn, with what was done there; one that fails as a whole is logged and counted."""
    for organisation in Organisation.objects.order_by("id"):
        try:
            yield organisation, enforce(organisation.id)
        except Exception:  # noqa: BLE001 -- whatever is wrong there, the others must not wait for it
            _log.exception("Retention could not be enforced for organisation %s; it is tried again.", organisation.id)
            yield organisation, Report(failed=1)


def _attempt(organisation_id: UUID, destroy: Callable[[], Outcome], what: str) -> Outcome:
    try:
        with organisation_scope(organisation_id, actor="system"):
            return destroy()
    except Exception:  # noqa: BLE001 -- as above
        _log.exception("%s is due but could not be destroyed.", what)
        return "failed"


def _destroy(item: Item) -> Outcome:
    """Destroy one thing, if under lock it still is due: somebody may have come back, or placed a hold.

    A hold on the voice keeps it from being destroyed, and not its use from ending.
    """
    lock_consents(item.speaker_id)
    consent = ConsentRecord.objects.get(id=item.consent_id)
    due = next((found.due for found in items_of(consent) if found.what == item.what), None)
    if due is None or due.at > timezone.now():
        return "gone"
    if item.what == "voice":
        if not due.held or consent.status not in ENDED:
            erase(item.speaker_id, reason=REASONS[due.clock], consent_id=item.consent_id)
    elif holds_voice(consent) and not due.held:
        raise ErasureError("The voice is still kept, so the proof that it may be must stay; see why the voice stayed.")
    elif not due.held:
        proof.destroy(consent)
        _forget_voices(consent)
    return "held" if due.held else "destroyed"


def _forget_voices(consent: ConsentRecord) -> None:
    """Take names, measures and reviewers' words from what stood on a consent whose proof is destroyed."""
    voices = Voice.objects.filter(consent=consent)
    voices.update(name=proof.UNNAMED, reasons=[])
    Sample.objects.filter(voice__in=voices).update(sha256="", measures={})
    PreparedVoice.objects.filter(voice__in=voices).update(evidence={})
    Review.objects.filter(consent=consent).update(words=proof.UNNAMED, reasons=[])


def _drop(upload: Detection) -> bool:
    """Delete the sound of an upload that nobody read in time."""
    result = upload.result or {"explanation": NOT_READ}
    status = "failed" if upload.status == "received" else upload.status
    changed = Detection.objects.filter(id=upload.id, blob=upload.blob).update(blob="", status=status, result=result)
    if changed:
        transaction.on_commit(partial(blobs.delete, upload.blob), robust=True)
    return bool(changed)
