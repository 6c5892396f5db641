"""Succession: which consent took the place of which, whose it is now, and in which order all of them are locked."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from consent.errors import ConsentError
from consent.models import ConsentRecord, ConsentStatus
from consent.ports import Succession

ENDED = (ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED, ConsentStatus.SUPERSEDED)


def lock_consents(speaker_id: UUID) -> list[ConsentRecord]:
    """A speaker's consents, oldest first, locked in that order by everyone who gives, narrows or ends one.

    Of two withdrawals at once the second sees what the first did, and shreds the key if it was the last. A request
    that came in while we waited for its predecessor's lock is locked as well.
    """
    mine = ConsentRecord.objects.filter(speaker_id=speaker_id).order_by("id")
    locked = list(mine.select_for_update())
    while mine.count() > len(locked):
        locked = list(mine.select_for_update())
    return locked


def heir_of(consent: ConsentRecord) -> ConsentRecord:
    """The consent that stands, or last stood, where this one did, read afresh: itself unless another took its place."""
    found = ConsentRecord.objects.get(id=consent.id)
    while found.status == ConsentStatus.SUPERSEDED:
        found = ConsentRecord.objects.get(replaces_id=found.id, given_at__isnull=False)
    return found


def superseded_by(consent: ConsentRecord) -> list[ConsentRecord]:
    """Every consent whose place this one took, the latest first; what was recorded under them is still kept."""
    found: list[ConsentRecord] = []
    heir = ConsentRecord.objects.get(id=consent.id)
    while heir.given_at is not None and heir.replaces_id is not None:
        heir = ConsentRecord.objects.get(id=heir.replaces_id)
        if heir.status != ConsentStatus.SUPERSEDED:
            break
        found.append(heir)
    return found


def pending_for(consent: ConsentRecord) -> list[ConsentRecord]:
    """Requests that would take the place of this consent, once the speaker says yes."""
    line = [consent.id, *(earlier.id for earlier in superseded_by(consent))]
    return list(ConsentRecord.objects.filter(replaces_id__in=line, status=ConsentStatus.REQUESTED).order_by("id"))


def to_be_replaced(consent_id: UUID) -> ConsentRecord:
    """The given consent whose place a request shall take, locked with all others of its speaker.

    Raises:
        ConsentError: there is none such in the organisation in scope (consent-scope), or it is not given
            (consent-not-active).
    """
    consent = ConsentRecord.objects.filter(id=consent_id).first()
    if consent is None:
        raise ConsentError("consent-scope", "There is no such consent in this organisation.")
    current = next(found for found in lock_consents(consent.speaker_id) if found.id == consent_id)
    if current.status != ConsentStatus.GIVEN:
        message = (
            f"The consent is {current.status}: only one that is given can be renewed or extended; ask for a new one."
        )
        raise ConsentError("consent-not-active", message)
    return current


def hand_over(*, of: ConsentRecord, to: ConsentRecord) -> None:
    """Let what stands on a superseded consent stand on its heir, in every room above that keeps such things."""
    for path in settings.CONSENT_SUCCESSIONS:
        heirloom: Succession = import_string(path)
        heirloom(of=of.id, to=to.id)
