"""Narrowing: the speaker takes back a part of their yes, and what may be done with their voice shrinks at once."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from uuid import UUID

from django.db import transaction

from audit.events import Event
from audit.queries import entries
from consent import lifecycle, receipts
from consent.models import ConsentRecord, Receipt
from consent.queries import purposes_of
from consent.succession import heir_of, lock_consents, pending_for
from governance import erasure_ledger, withdrawal


def narrow(
    consent_id: UUID, *, purposes: Collection[str] | None = None, clips_may_be_distributed: bool | None = None
) -> Receipt:
    """Take back a part of a consent, or of the one that took its place; the receipt that says what is left.

    What is queued is denied at decision 2 and what was made is no longer released at decision 3, because both ask
    afresh. Requests that would bring back what was taken back end, even if a recording is being checked: the
    organisation has to ask again.

    Args:
        consent_id: a consent of the organisation in scope.
        purposes: those that stay; None leaves them as they are.
        clips_may_be_distributed: False takes that back; None leaves it as it is.

    Raises:
        ConsentError: nothing would be taken back or nothing left (consent-scope), or it is not given
            (consent-transition).
    """
    speaker_id = ConsentRecord.objects.values_list("speaker_id", flat=True).get(id=consent_id)
    consent = heir_of(next(found for found in lock_consents(speaker_id) if found.id == consent_id))
    agreed, distributed = purposes_of(consent), consent.clips_may_be_distributed
    lifecycle.narrow(consent, purposes=purposes, clips_may_be_distributed=clips_may_be_distributed)
    _remember(consent)
    taken_back = agreed - purposes_of(consent)
    no_more_clips = distributed and not consent.clips_may_be_distributed
    for request in pending_for(consent):
        if purposes_of(request) & taken_back or (no_more_clips and request.clips_may_be_distributed):
            withdrawal.refuse(request.id)
    return receipts.issue(consent)


def _remember(consent: ConsentRecord) -> None:
    """A backup from before it, once restored, must take this back again."""
    (entry,) = entries(about=consent.id, event=Event.CONSENT_NARROWED, limit=1)
    line = erasure_ledger.narrowing_of(entry, organisation_id=consent.organisation_id)
    transaction.on_commit(partial(erasure_ledger.write, [line]), robust=True)
