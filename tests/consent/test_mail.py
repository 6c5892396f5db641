from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail as django_mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from consent import mail
from consent.models import ConsentRecord, SpeakerMail
from tenancy import keyring

LINK = "https://voices.example/c/secret-of-the-link"


@pytest.fixture
def waiting(asked: ConsentRecord) -> SpeakerMail:
    found = mail.send(asked, kind="invitation", link=LINK)
    assert found is not None
    return found


def deliver(waiting: SpeakerMail) -> None:
    mail.deliver(waiting.id, organisation_id=waiting.organisation_id)
    waiting.refresh_from_db()


def test_says_what_it_is_and_what_to_do_when_one_did_not_expect_it(waiting: SpeakerMail) -> None:
    deliver(waiting)
    (sent,) = django_mail.outbox
    assert (sent.to, sent.subject) == (["amara@example.org"], "Northwind asks for your voice")
    assert sent.body.startswith("Hello Amara Okafor,\n\nNorthwind asks if it may make a copy of your voice")
    assert LINK in sent.body.splitlines()
    assert "Did you not expect this mail?" in sent.body
    assert "{" not in sent.body


def test_is_sealed_while_it_waits_and_forgotten_once_it_is_sent(waiting: SpeakerMail) -> None:
    raw = bytes(SpeakerMail.objects.get().sealed or b"")
    assert [part in raw for part in (b"amara", b"secret-of-the-link", b"Northwind")] == [False, False, False]
    deliver(waiting)
    assert waiting.sealed is None
    assert waiting.sent_at is not None
    deliver(waiting)
    assert len(django_mail.outbox) == 1


def test_is_queued_when_it_is_committed(
    asked: ConsentRecord, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        mail.send(asked, kind="invitation", link=LINK)
    assert len(callbacks) == 1
    assert django_mail.outbox == []


def test_that_cannot_be_sent_now_is_tried_again_and_its_address_is_in_no_log(
    waiting: SpeakerMail,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: pytest.FixtureRequest,
) -> None:
    def refuse(*_: object) -> int:
        raise SMTPRecipientsRefused({"amara@example.org": (550, b"amara@example.org is full")})

    with monkeypatch.context() as patch, caplog.at_level(logging.DEBUG):
        patch.setattr(EmailBackend, "send_messages", refuse)
        deliver(waiting)
    assert waiting.sent_at is None
    assert f"Mail {waiting.id} could not be sent (SMTPRecipientsRefused)" in caplog.text
    assert "amara" not in caplog.text
    SpeakerMail.objects.update(written_at=timezone.now() - timedelta(minutes=2))
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        mail.resend()
    assert len(callbacks) == 1
    deliver(waiting)
    assert len(django_mail.outbox) == 1


def test_that_is_of_no_use_any_more_is_forgotten_and_not_sent(
    waiting: SpeakerMail, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    SpeakerMail.objects.update(useful_until=timezone.now(), written_at=timezone.now() - timedelta(days=1))
    deliver(waiting)
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        mail.resend()
    waiting.refresh_from_db()
    assert (waiting.sealed, waiting.sent_at, callbacks, django_mail.outbox) == (None, None, [], [])


def test_to_somebody_who_was_erased_is_neither_written_nor_sent(waiting: SpeakerMail, asked: ConsentRecord) -> None:
    keyring.shred(subject_id=asked.speaker_id)
    deliver(waiting)
    assert mail.send(asked, kind="invitation", link=LINK) is None
    assert django_mail.outbox == []


def test_names_with_braces_are_names(ask: object, asked: ConsentRecord) -> None:
    asked.speaker.name = "{link}"
    found = mail.send(asked, kind="invitation", link=LINK)
    assert found is not None
    deliver(found)
    assert django_mail.outbox[0].body.startswith("Hello {link},")
