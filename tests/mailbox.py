"""The speakers' mailbox: what waits is sent as the queue would send it, and read as they would read it."""

from __future__ import annotations

import re

from django.core import mail as django_mail

from consent import mail, second_factor
from consent.models import CeremonySession, ConsentRecord, SpeakerLink, SpeakerMail


def mails_to(consent: ConsentRecord) -> list[django_mail.EmailMessage]:
    """Send what waits for the consent's speaker; all that was sent in this test to anyone."""
    for waiting in SpeakerMail.objects.filter(consent=consent, sealed__isnull=False).order_by("written_at"):
        mail.deliver(waiting.id, organisation_id=consent.organisation_id)
    return list(django_mail.outbox)


def read_code(consent: ConsentRecord) -> str:
    """The code in the mail that came last."""
    found = re.search(r"^\d{6}$", str(mails_to(consent)[-1].body), re.MULTILINE)
    assert found
    return found[0]


def enter(consent: ConsentRecord) -> CeremonySession:
    """The speaker's session: through the second factor, unless they are in already."""
    link = SpeakerLink.objects.get(consent=consent, kind="ceremony")
    if (running := CeremonySession.objects.filter(link=link).order_by("opened_at").last()) is not None:
        return running
    second_factor.send_code(link.id)
    opened = second_factor.confirm(link.id, read_code(consent))
    return second_factor.find_session(link.id, opened.token)
