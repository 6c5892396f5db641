"""Expiry: a consent whose agreed time is over ends, and what stood on it is erased, in one transaction each."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from consent import lifecycle
from consent.models import ConsentRecord, ConsentStatus
from consent.succession import lock_consents
from governance.erasure import EXPIRED, erase
from tenancy.scope import organisation_scope

_log = logging.getLogger(__name__)


def expire_due(organisation_id: UUID) -> int:
    """End every consent of an organisation whose time is over; how many there were.

    One that cannot be ended now is logged, stays due, and keeps no other from ending.
    """
    with organisation_scope(organisation_id, actor="system"):
        due = list(_due().order_by("valid_until").values_list("id", "speaker_id"))
    ended = 0
    for consent_id, speaker_id in due:
        try:
            with organisation_scope(organisation_id, actor="system"):
                ended += _expire(consent_id, speaker_id)
        except Exception:  # noqa: BLE001 - whatever it is, it keeps no other consent from ending
            _log.exception("Consent %s could not be ended; it is tried again.", consent_id)
    return ended


def _due() -> QuerySet[ConsentRecord]:
    undecided_or_given = [ConsentStatus.REQUESTED, ConsentStatus.GIVEN]
    return ConsentRecord.objects.filter(status__in=undecided_or_given, valid_until__lte=timezone.now())


def _expire(consent_id: UUID, speaker_id: UUID) -> bool:
    """End one consent, if it still is due; where nothing was ever given or kept, nothing needs erasing."""
    lock_consents(speaker_id)
    consent = _due().filter(id=consent_id).first()
    if consent is None:
        return False
    was_given = consent.status == ConsentStatus.GIVEN
    lifecycle.expire(consent)
    if was_given or consent.recordings.exclude(blob="").exists():
        erase(speaker_id, reason=EXPIRED, consent_id=consent_id)
    return True
