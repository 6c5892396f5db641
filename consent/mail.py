"""Mail to speakers in their own language: written with what it is about, sealed, sent on the queue, forgotten."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from smtplib import SMTPException
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from consent import contact
from consent.models import ConsentRecord, SpeakerMail
from consent.wording import wording
from tenancy import keyring
from tenancy.errors import ShreddedError
from tenancy.ids import new_id
from tenancy.scope import organisation_scope

KIND, TASK = "speaker-mail", "consent.send_mail"
LOST_AFTER = timedelta(seconds=60)
USEFUL_FOR = timedelta(days=1)
_log = logging.getLogger(__name__)


def send(consent: ConsentRecord, *, kind: str, useful_for: timedelta = USEFUL_FOR, **values: str) -> SpeakerMail | None:
    """Write a mail and leave it to the queue, which sends it once this is committed.

    Args:
        consent: whose speaker gets it, in the consent's language.
        kind: which of the locale's mails; `{name}`, `{organisation}` and `{until}` stand for the consent's own.
        useful_for: how long it makes sense to try.
        values: what else the mail says.

    Returns:
        None where no address is known any more, and so nobody can be written to.
    """
    try:
        address = contact.address_of(consent.speaker)
    except ShreddedError:
        address = None
    if address is None:
        return None
    words = wording(consent.locale)
    own = {"organisation": consent.organisation.name, "name": consent.speaker.name}
    said = {**own, "until": words.date(consent.valid_until), **values}
    written = {name: text.format(**said) for name, text in words.mails[kind]._asdict().items()}
    mail = SpeakerMail(
        id=new_id(),
        organisation_id=consent.organisation_id,
        consent=consent,
        kind=kind,
        useful_until=timezone.now() + useful_for,
    )
    plain = json.dumps({"to": address, **written}).encode()
    mail.sealed = keyring.seal(plain, subject_id=consent.speaker_id, kind=KIND, object_id=mail.id)
    mail.save()
    queue(mail)
    return mail


def deliver(mail_id: UUID, *, organisation_id: UUID) -> None:
    """Send one mail that waits, and forget what it said; what cannot be sent now is tried again."""
    with organisation_scope(organisation_id, actor="system"):
        found = _waiting(timezone.now()).select_related("consent").filter(id=mail_id).first()
        message = _open(found) if found is not None else None
    if message is None:
        return
    try:
        message.send()
    except (OSError, SMTPException) as error:  # its text may hold the address
        _log.warning("Mail %s could not be sent (%s); it is tried again.", mail_id, type(error).__name__)
        return
    with organisation_scope(organisation_id, actor="system"):
        SpeakerMail.objects.filter(id=mail_id).update(sealed=None, sent_at=timezone.now())


def resend() -> None:
    """Queue again what was not sent in the organisation in scope, and forget what is of no use any more."""
    now = timezone.now()
    SpeakerMail.objects.filter(sealed__isnull=False, useful_until__lte=now).update(sealed=None)
    for mail in _waiting(now).filter(written_at__lt=now - LOST_AFTER):
        queue(mail)


def queue(mail: SpeakerMail) -> None:
    """Send the mail to a worker once its row is committed."""
    arguments = (str(mail.organisation_id), str(mail.id))
    transaction.on_commit(lambda: current_app.send_task(TASK, args=arguments))


def _waiting(now: datetime) -> QuerySet[SpeakerMail]:
    return SpeakerMail.objects.filter(sealed__isnull=False, useful_until__gt=now).order_by("written_at")


def _open(mail: SpeakerMail) -> EmailMessage | None:
    """The mail as it goes out; None for one whose speaker was erased meanwhile."""
    try:
        plain = keyring.open_sealed(
            bytes(mail.sealed or b""), subject_id=mail.consent.speaker_id, kind=KIND, object_id=mail.id
        )
    except ShreddedError:
        return None
    written = json.loads(plain)
    return EmailMessage(written["subject"], written["body"], settings.DEFAULT_FROM_EMAIL, [written["to"]])
