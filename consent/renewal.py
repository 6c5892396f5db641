"""Renewal and step-up: a new request, with a ceremony of its own, that takes the place of a given consent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from consent import ceremony
from consent.errors import ConsentError
from consent.models import ConsentRecord, ConsentStatus
from consent.notice import current_version
from consent.queries import purposes_of
from consent.succession import to_be_replaced

OFFERED_BEFORE_THE_END = timedelta(days=90)


def renew(consent_id: UUID, *, valid_until: datetime) -> tuple[ConsentRecord, str]:
    """Ask for the same again, until later, under today's notice; the token opens the ceremony.

    Raises:
        ConsentError: the consent is not given (consent-not-active), unknown, or would not end later (consent-scope).
    """
    consent = to_be_replaced(consent_id)
    if valid_until <= consent.valid_until:
        raise ConsentError("consent-scope", f"To renew is to go on after {consent.valid_until.isoformat()}.")
    return _ask(consent, purposes=purposes_of(consent), valid_until=valid_until)


def may_go_on(consent: ConsentRecord) -> bool:
    """Whether its speaker is offered to renew it unasked: it ends within 90 days, or its notice has changed since."""
    now = timezone.now()
    if consent.status != ConsentStatus.GIVEN or consent.valid_until <= now:
        return False
    changed = current_version(consent.locale) not in {None, consent.notice_version}
    return changed or consent.valid_until - now <= OFFERED_BEFORE_THE_END


def go_on(consent_id: UUID) -> tuple[ConsentRecord, str]:
    """The speaker's own wish to renew, for as long again as they had agreed to; the token opens the ceremony.

    Raises:
        ConsentError: the consent is not given (consent-not-active), unknown, or too far from its end (consent-scope).
    """
    consent = to_be_replaced(consent_id)
    if not may_go_on(consent):
        raise ConsentError("consent-scope", "The consent can be renewed in the last ninety days before it ends.")
    lasted = consent.valid_until - (consent.given_at or consent.requested_at)
    return renew(consent_id, valid_until=consent.valid_until + lasted)


def step_up(consent_id: UUID, *, purposes: Collection[str]) -> tuple[ConsentRecord, str]:
    """Ask for further purposes: the speaker says a second yes, to the old and the new ones together.

    Raises:
        ConsentError: the consent is not given (consent-not-active), unknown, covers all of this already, or nobody
            can agree to one of them (consent-scope).
    """
    consent = to_be_replaced(consent_id)
    agreed = purposes_of(consent)
    if not set(purposes) - agreed:
        raise ConsentError("consent-scope", "The consent covers these purposes already; name one that it does not.")
    return _ask(consent, purposes=agreed | set(purposes), valid_until=consent.valid_until)


def _ask(consent: ConsentRecord, *, purposes: Collection[str], valid_until: datetime) -> tuple[ConsentRecord, str]:
    return ceremony.request_consent(
        **_terms(consent), purposes=sorted(purposes), valid_until=valid_until, replaces=consent.id
    )


def _terms(consent: ConsentRecord) -> dict[str, Any]:
    """What stays as the speaker agreed to it."""
    return {
        "speaker_name": consent.speaker.name,
        "languages": consent.languages,
        "intended_use": consent.intended_use,
        "jurisdictions": consent.jurisdictions,
        "locale": consent.locale,
        "territory": consent.territory,
        "compensation": consent.compensation,
        "recipients": consent.recipients,
        "clips_may_be_distributed": consent.clips_may_be_distributed,
    }
