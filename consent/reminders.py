"""Reminders: that a consent ends soon, or that the notice has changed since it was given; each is sent once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import mail
from consent.models import ConsentRecord, ConsentStatus, Reminder, ReminderKind
from consent.notice import current_version
from tenancy.scope import organisation_scope

BEFORE_THE_END = {ReminderKind.ENDS_IN_30_DAYS: timedelta(days=30), ReminderKind.ENDS_IN_7_DAYS: timedelta(days=7)}
_log = logging.getLogger(__name__)


def remind_due(organisation_id: UUID) -> int:
    """Remind every speaker of an organisation who is due; how many reminders there were.

    Each is sent in a transaction of its own: one that fails is logged, stays due, and keeps no other from being sent.
    """
    with organisation_scope(organisation_id, actor="system"):
        standing = list(_standing().order_by("valid_until").values_list("id", flat=True))
    sent = 0
    for consent_id in standing:
        try:
            with organisation_scope(organisation_id, actor="system"):
                sent += _remind(consent_id)
        except Exception:  # noqa: BLE001 - whatever it is, it keeps nobody else from being reminded
            _log.exception("The speaker of consent %s could not be reminded; it is tried again.", consent_id)
    return sent


def due(consent: ConsentRecord, *, at: datetime) -> Iterator[tuple[ReminderKind, str]]:
    """What a speaker should be reminded of by then, whether or not they were; the version is that of a new notice."""
    left = consent.valid_until - at
    if timedelta(0) < left:
        reached = [kind for kind, before in BEFORE_THE_END.items() if left <= before and _was_longer(consent, before)]
        yield from ((kind, "") for kind in reached[-1:])
    version = current_version(consent.locale)
    if version is not None and version != consent.notice_version:
        yield ReminderKind.NOTICE_CHANGED, version


def _was_longer(consent: ConsentRecord, before: timedelta) -> bool:
    """Nobody is reminded of what they have only just agreed to."""
    return consent.given_at is not None and consent.valid_until - consent.given_at > before


def _standing() -> QuerySet[ConsentRecord]:
    return ConsentRecord.objects.filter(status=ConsentStatus.GIVEN, valid_until__gt=timezone.now())


def _remind(consent_id: UUID) -> int:
    """Under the consent's lock, so that two workers remind once, and nobody who has just withdrawn is written to."""
    consent = _standing().select_for_update(of=("self",)).select_related("speaker", "organisation")
    found = consent.filter(id=consent_id).first()
    if found is None:
        return 0
    return sum(_send(found, kind, version) for kind, version in due(found, at=timezone.now()))


def _send(consent: ConsentRecord, kind: ReminderKind, version: str) -> bool:
    own = {"organisation_id": consent.organisation_id}
    _, new = Reminder.objects.get_or_create(consent=consent, kind=kind, notice_version=version, defaults=own)
    if new:
        refs = {"consent": consent.id, "speaker": consent.speaker_id}
        data = {"kind": kind.value, "valid_until": consent.valid_until.isoformat(), "notice_version": version}
        append(Event.CONSENT_REMINDED, refs=refs, data=data)
        mail.send(consent, kind=kind.value)
    return new
