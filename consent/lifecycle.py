"""The only writer of a consent's status: legal transitions alone, one at a time, each on the record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import succession
from consent.errors import ConsentError
from consent.models import ConsentPurpose, ConsentRecord, ConsentStatus
from consent.queries import purposes_of

TRANSITIONS = {
    ConsentStatus.GIVEN: frozenset({ConsentStatus.REQUESTED}),
    ConsentStatus.WITHDRAWN: frozenset({ConsentStatus.REQUESTED, ConsentStatus.GIVEN, ConsentStatus.EXPIRED}),
    ConsentStatus.EXPIRED: frozenset({ConsentStatus.REQUESTED, ConsentStatus.GIVEN}),
    ConsentStatus.SUPERSEDED: frozenset({ConsentStatus.GIVEN}),
}
ON_THE_RECORD = ("word_error_rate", "recording_sha256", "notice_sha256", "models")


def give(consent: ConsentRecord, *, evidence: Mapping[str, Any]) -> None:
    """The speaker has said yes; raises `ConsentError` unless asked and undecided, still in time, and the only one.

    A consent whose place it takes is superseded in the same transaction: what stood on that one stands on this.
    """
    succession.lock_consents(consent.speaker_id)
    locked = _lock(consent, to=ConsentStatus.GIVEN)
    now = timezone.now()
    if locked.valid_until <= now:
        raise ConsentError("consent-transition", "The consent would have run out already; ask for a new one.")
    locked.given_at, locked.evidence = now, dict(evidence)
    with transaction.atomic():  # whoever catches a refusal finds nothing half done
        _take_place(locked)
        _move(locked, to=ConsentStatus.GIVEN, fields=("given_at", "evidence", "replaces"))
        _activate(locked)
        public = {key: evidence[key] for key in ON_THE_RECORD if key in evidence}
        append(Event.CONSENT_GIVEN, refs=_refs(locked), data={**public, "valid_until": locked.valid_until.isoformat()})
        if locked.replaces is not None and locked.replaces.status == ConsentStatus.SUPERSEDED:
            succession.hand_over(of=locked.replaces, to=locked)
    _reflect(locked, on=consent)


def narrow(
    consent: ConsentRecord, *, purposes: Collection[str] | None = None, clips_may_be_distributed: bool | None = None
) -> None:
    """The speaker takes back a part: `purposes` are those that stay; what is not named here stays as it is.

    Raises:
        ConsentError: nothing would be taken back, nothing would be left, or something would be added (consent-scope);
            the consent is not given (consent-transition).
    """
    locked = ConsentRecord.objects.select_for_update().get(id=consent.id)
    if locked.status != ConsentStatus.GIVEN:
        raise ConsentError("consent-transition", f"A consent that is {locked.status} cannot be narrowed.")
    agreed = purposes_of(locked)
    left = agreed if purposes is None else set(purposes)
    distributed = locked.clips_may_be_distributed if clips_may_be_distributed is None else clips_may_be_distributed
    _require_less(locked, agreed=agreed, left=left, distributed=distributed)
    taken_back = locked.purposes.filter(purpose__in=agreed - left)
    taken_back.update(active=False, taken_back_at=timezone.now())
    locked.clips_may_be_distributed = distributed
    locked.save(update_fields=["clips_may_be_distributed"])
    data = {"taken_back": sorted(agreed - left), "left": sorted(left), "clips_may_be_distributed": distributed}
    append(Event.CONSENT_NARROWED, refs=_refs(locked), data=data)
    consent.clips_may_be_distributed = distributed


def _require_less(locked: ConsentRecord, *, agreed: set[str], left: set[str], distributed: bool) -> None:
    if left - agreed:
        more = ", ".join(sorted(left - agreed))
        raise ConsentError("consent-scope", f"To narrow is to take back; {more} was never agreed to.")
    if not left:
        raise ConsentError("consent-scope", "Nothing would be left: take back the whole consent instead.")
    if distributed and not locked.clips_may_be_distributed:
        raise ConsentError("consent-scope", "To narrow is to take back; nobody agreed that clips may be passed on.")
    if left == agreed and distributed == locked.clips_may_be_distributed:
        raise ConsentError("consent-scope", "Name what is taken back; this is what the consent says already.")


def _take_place(locked: ConsentRecord) -> None:
    """End the consent that stands where this one shall stand; one that ended otherwise has left nothing to take."""
    if locked.replaces is None:
        return
    locked.replaces = succession.heir_of(locked.replaces)
    if locked.replaces.status == ConsentStatus.GIVEN:
        by = {"by": str(locked.id)}
        _end(locked.replaces, to=ConsentStatus.SUPERSEDED, event=Event.CONSENT_SUPERSEDED, data=by)


def withdraw(consent: ConsentRecord) -> None:
    """The speaker has taken their yes back, or said no; raises `ConsentError` when it is withdrawn already."""
    _end(consent, to=ConsentStatus.WITHDRAWN, event=Event.CONSENT_WITHDRAWN)


def expire(consent: ConsentRecord) -> None:
    """The agreed time is over; raises `ConsentError` before that, or when the consent has ended otherwise."""
    if consent.valid_until > timezone.now():
        raise ConsentError("consent-transition", f"The consent is valid until {consent.valid_until.isoformat()}.")
    _end(consent, to=ConsentStatus.EXPIRED, event=Event.CONSENT_EXPIRED)


def lapse(consent: ConsentRecord, *, reason: str) -> None:
    """What the consent stood on is destroyed, so it ends before its time; raises `ConsentError` once it has ended.

    Args:
        consent: the consent, asked for or given.
        reason: why the speaker's record is erased, in lower-case words with hyphens.
    """
    _end(consent, to=ConsentStatus.EXPIRED, event=Event.CONSENT_EXPIRED, data={"reason": reason})


def _end(consent: ConsentRecord, *, to: ConsentStatus, event: Event, data: Mapping[str, object] | None = None) -> None:
    locked = _lock(consent, to=to)
    before = locked.status
    locked.ended_at = timezone.now()
    _move(locked, to=to, fields=("ended_at",))
    locked.purposes.filter(active=True).update(active=False)
    append(event, refs=_refs(locked), data={"was": before, **(data or {})})
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
