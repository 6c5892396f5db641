"""The only writer of a consent's status: legal transitions alone, one at a time, each on the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.errors import ConsentError
from consent.models import ConsentPurpose, ConsentRecord, ConsentStatus

TRANSITIONS = {
    ConsentStatus.GIVEN: frozenset({ConsentStatus.REQUESTED}),
    ConsentStatus.WITHDRAWN: frozenset({ConsentStatus.REQUESTED, ConsentStatus.GIVEN, ConsentStatus.EXPIRED}),
    ConsentStatus.EXPIRED: frozenset({ConsentStatus.REQUESTED, ConsentStatus.GIVEN}),
}
ON_THE_RECORD = ("word_error_rate", "recording_sha256", "notice_sha256", "models")


def give(consent: ConsentRecord, *, evidence: Mapping[str, Any]) -> None:
    """The speaker has said yes; raises `ConsentError` unless asked and undecided, still in time, and the only one."""
    locked = _lock(consent, to=ConsentStatus.GIVEN)
    now = timezone.now()
    if locked.valid_until <= now:
        raise ConsentError("consent-transition", "The consent would have run out already; ask for a new one.")
    locked.given_at, locked.evidence = now, dict(evidence)
    _move(locked, to=ConsentStatus.GIVEN, fields=("given_at", "evidence"))
    _activate(locked)
    public = {key: evidence[key] for key in ON_THE_RECORD if key in evidence}
    append(Event.CONSENT_GIVEN, refs=_refs(locked), data={**public, "valid_until": locked.valid_until.isoformat()})
    _reflect(locked, on=consent)


def withdraw(consent: ConsentRecord) -> None:
    """The speaker has taken their yes back, or said no; raises `ConsentError` when it is withdrawn already."""
    _end(consent, to=ConsentStatus.WITHDRAWN, event=Event.CONSENT_WITHDRAWN)


def expire(consent: ConsentRecord) -> None:
    """The agreed time is over; raises `ConsentError` before that, or when the consent has ended otherwise."""
    if consent.valid_until > timezone.now():
        raise ConsentError("consent-transition", f"The consent is valid until {consent.valid_until.isoformat()}.")
    _end(consent, to=ConsentStatus.EXPIRED, event=Event.CONSENT_EXPIRED)


def _end(consent: ConsentRecord, *, to: ConsentStatus, event: Event) -> None:
    locked = _lock(consent, to=to)
    before = locked.status
    locked.ended_at = timezone.now()
    _move(locked, to=to, fields=("ended_at",))
    locked.purposes.filter(active=True).update(active=False)
    append(event, refs=_refs(locked), data={"was": before})
    _reflect(locked, on=consent)


def _lock(consent: ConsentRecord, *, to: ConsentStatus) -> ConsentRecord:
    locked = ConsentRecord.objects.select_for_update().get(id=consent.id)
    if locked.status not in TRANSITIONS[to]:
        raise ConsentError("consent-transition", f"A consent that is {locked.status} cannot become {to.value}.")
    return locked


def _move(locked: ConsentRecord, *, to: ConsentStatus, fields: tuple[str, ...]) -> None:
    locked.status = to
    locked.save(update_fields=["status", *fields])


def _activate(locked: ConsentRecord) -> None:
    try:
        with transaction.atomic():
            ConsentPurpose.objects.filter(consent=locked).update(active=True)
    except IntegrityError as error:
        message = "The speaker has an active consent for one of these purposes; use it, or let it end first."
        raise ConsentError("consent-already-active", message) from error


def _refs(consent: ConsentRecord) -> dict[str, Any]:
    return {"consent": consent.id, "speaker": consent.speaker_id}


def _reflect(locked: ConsentRecord, *, on: ConsentRecord) -> None:
    """Lets the caller's copy say what the row says."""
    on.status, on.given_at, on.ended_at, on.evidence = locked.status, locked.given_at, locked.ended_at, locked.evidence
