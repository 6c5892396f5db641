"""A speaker is reminded in time, once, and only while there is something to be reminded of."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.queries import entries
from consent import ceremony, contact, lifecycle, reminders
from consent.models import ConsentRecord, Reminder, Speaker
from consent.notice import current_version
from consent.tasks import send_reminders
from governance.queue import app
from tests.cast import meet
from tests.consent.records import consent_of
from tests.mailbox import mails_to

pytestmark = pytest.mark.usefixtures("in_northwind")
Sent = list[tuple[Any, str]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What was mailed, to whom; tests of the mail itself are elsewhere."""
    mails: Sent = []
    monkeypatch.setattr(reminders.mail, "send", lambda consent, *, kind: mails.append((consent.id, kind)))
    return mails


@pytest.fixture
def standing(amara: Speaker) -> ConsentRecord:
    """A consent given a year ago, in the wording of today."""
    consent = consent_of(amara, "narration", status="given")
    ConsentRecord.objects.filter(id=consent.id).update(given_at=timezone.now() - timedelta(days=365))
    return ConsentRecord.objects.get(id=consent.id)


def left(consent: ConsentRecord, days: float) -> None:
    ConsentRecord.objects.filter(id=consent.id).update(valid_until=timezone.now() + timedelta(days=days))


def remind(consent: ConsentRecord) -> int:
    return reminders.remind_due(consent.organisation_id)


def test_thirty_and_seven_days_before_the_end_once_each(standing: ConsentRecord, sent: Sent) -> None:
    for days in (31, 29, 20, 6, 1):
        left(standing, days)
        remind(standing)
        remind(standing)
    assert sent == [(standing.id, "ends-in-30-days"), (standing.id, "ends-in-7-days")]
    told = [entry.data["kind"] for entry in entries(about=standing.id) if entry.event == "consent:reminder:sent"]
    assert told == ["ends-in-30-days", "ends-in-7-days"]


def test_after_a_standstill_only_the_nearer_one_is_sent(standing: ConsentRecord, sent: Sent) -> None:
    left(standing, 3)
    assert (remind(standing), sent) == (1, [(standing.id, "ends-in-7-days")])


def test_nobody_is_reminded_of_what_they_have_just_agreed_to(amara: Speaker, sent: Sent) -> None:
    consent = consent_of(amara, "narration", days=6, status="given")
    assert (remind(consent), sent) == (0, [])


@pytest.mark.parametrize("end", [lifecycle.withdraw, lambda consent: left(consent, -1)])
def test_nobody_is_reminded_of_what_is_over(standing: ConsentRecord, sent: Sent, end: Any) -> None:
    left(standing, 5)
    end(standing)
    assert (remind(standing), sent) == (0, [])


def test_a_changed_notice_is_said_once_per_wording(
    standing: ConsentRecord, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(standing, 300)
    for version in (standing.notice_version, "en-next", "en-next", "en-after-next"):
        monkeypatch.setattr(reminders, "current_version", lambda _locale, now=version: now)
        monkeypatch.setattr(ceremony.notice, "current_version", lambda _locale, now=version: now)
        remind(standing)
        assert ceremony.needs_new_notice(standing) is (version != standing.notice_version)
    assert sent == [(standing.id, "notice-changed")] * 2
    assert list(Reminder.objects.order_by("sent_at").values_list("notice_version", flat=True)) == [
        "en-next",
        "en-after-next",
    ]


def test_one_that_cannot_be_written_to_keeps_no_other_from_it_and_is_tried_again(
    standing: ConsentRecord, sent: Sent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = consent_of(meet(standing.organisation, "Ivo"), "narration", days=6.5, status="given")
    ConsentRecord.objects.filter(id=other.id).update(given_at=standing.given_at)
    left(standing, 6)
    send, down = reminders.mail.send, {standing.id}

    def fail(consent: ConsentRecord, *, kind: str) -> None:
        if consent.id in down:
            raise OSError("no route")
        send(consent, kind=kind)

    monkeypatch.setattr(reminders.mail, "send", fail)
    with caplog.at_level(logging.CRITICAL):
        assert remind(standing) == 1
    assert sent == [(other.id, "ends-in-7-days")]
    down.clear()
    assert remind(standing) == 1
    assert sent[1:] == [(standing.id, "ends-in-7-days")]


def test_the_clock_calls_it(standing: ConsentRecord, sent: Sent) -> None:
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} >= {send_reminders.name}
    left(standing, 5)
    send_reminders()
    assert sent == [(standing.id, "ends-in-7-days")]


@pytest.mark.parametrize(("locale", "begins"), [("en", "One week left: your yes"), ("de", "Noch eine Woche: Ihr Ja")])
def test_it_comes_by_mail_in_the_speakers_language(standing: ConsentRecord, locale: str, begins: str) -> None:
    contact.keep(standing.speaker, "amara@example.org")
    ConsentRecord.objects.filter(id=standing.id).update(locale=locale, notice_version=current_version(locale))
    left(standing, 5)
    remind(standing)
    (mail,) = mails_to(ConsentRecord.objects.get(id=standing.id))
    assert (mail.to, mail.subject[: len(begins)]) == (["amara@example.org"], begins)
