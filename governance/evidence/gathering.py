"""Collecting what a bundle is made of: the original, the findings, the chain of custody, the chain back to the consent.

Opening the original and handing it out become links of the chain of custody themselves, before it is stated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from audit import proving
from audit.events import Event
from audit.queries import EntryView, entries
from governance.access_trail import shown
from governance.evidence.dossier import Dossier, Record
from governance.evidence.errors import EvidenceNotReadyError
from governance.evidence.standalone.verify import FORMAT
from governance.evidence.statement import moment
from governance.forensic_models import CustodyAction, CustodyEvent, Examination, ExaminationStatus
from governance.forensics import chain, custody, examinations, whose
from tenancy.models import Organisation
from tenancy.scope import current_actor, current_organisation

OWN = (Event.EXAMINATION_REQUESTED, Event.EXAMINATION_PROTOCOL_FIXED, Event.EXAMINATION_COMPLETED)
TOOL = "governance.evidence"


def gathered(examination_id: UUID) -> Dossier:
    """The dossier of a completed examination of the organisation in scope.

    Raises:
        UnknownExaminationError: there is no such examination here.
        EvidenceNotReadyError: it has not ended, or failed.
        OriginalGoneError: the original was deleted.
        NotProvableYetError: an entry waits for its place in the published log.
    """
    examination = examinations.find(examination_id)
    if examination.status != ExaminationStatus.COMPLETED:
        raise EvidenceNotReadyError(
            f"There is evidence of a completed examination only; this one: {examination.status}."
        )
    original = examinations.open_original(examination, purpose="evidence bundle")
    custody.note(
        examination,
        action=CustodyAction.HANDED_OUT,
        in_sha256=examination.sha256,
        out_sha256=examination.sha256,
        tool=TOOL,
        parameters={"what": "evidence bundle", "format": FORMAT},
    )
    steps = _steps(examination)
    about = [entry for event in OWN for entry in entries(about=examination.id, event=event)]
    return Dossier(
        organisation=_organisation(),
        examination=_asked(examination),
        original=original,
        examiner=current_actor(),
        protocol=examination.protocol,
        protocol_sha256=examination.protocol_sha256,
        result=examination.result,
        custody=[_event(event, original_sha256=examination.sha256) for event in custody.trail(examination)],
        steps=[_step(step) for step in steps],
        records=_records([*about, *_entries_of(steps)]),
    )


def _steps(examination: Examination) -> list[chain.Step]:
    """The way back from the best clip that is this organisation's own, without names and words."""
    own = whose.own_clips(examination)
    return chain.chain_of(own[0]) if own else []


def _entries_of(steps: Iterable[chain.Step]) -> list[EntryView]:
    wanted = {step.entry_id for step in steps if step.entry_id}
    found = {entry.id: entry for step in steps for entry in entries(about=step.id, limit=chain.MOST_ENTRIES)}
    return [entry for entry_id, entry in found.items() if entry_id in wanted]


def _records(found: Iterable[EntryView]) -> list[Record]:
    """Each entry once with its proof, oldest first."""
    once = {entry.id: entry for entry in found}
    records = []
    for entry in sorted(once.values(), key=lambda entry: (entry.occurred_at, entry.id)):
        proof = proving.proof_of(entry.id)
        records.append(Record(entry=shown(entry), proof=proof.text, witnessed=proof.witnessed))
    return records


def _asked(examination: Examination) -> dict[str, Any]:
    completed_at = examination.completed_at
    return {
        "id": str(examination.id),
        "case_number": examination.case_number,
        "question": examination.question,
        "requested_by": examination.requested_by,
        "filename": examination.filename,
        "media_type": examination.media_type,
        "sha256": examination.sha256,
        "size": examination.size,
        "received_at": moment(examination.received_at),
        "completed_at": moment(completed_at) if completed_at else None,
    }


def _event(event: CustodyEvent, *, original_sha256: str) -> dict[str, Any]:
    return {**custody.plain(event, original_sha256=original_sha256), "sha256": event.sha256}


def _step(step: chain.Step) -> dict[str, Any]:
    plain = asdict(step)
    entry_id = plain.pop("entry_id")
    return {
        **plain,
        "id": str(step.id),
        "at": moment(step.at),
        "entry": str(entry_id) if entry_id else None,
    }


def _organisation() -> dict[str, Any]:
    organisation = Organisation.objects.get(id=current_organisation())
    return {"id": str(organisation.id), "name": organisation.name}
