"""A consent whose time is over ends, and what stood on it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.queries import entries
from consent import links
from consent.models import ConsentRecord
from governance import expiry
from governance.models import DestructionCertificate, Permit
from governance.queue import app
from governance.tasks import expire_consents
from tenancy import keyring
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import meet
from tests.consent.records import consent_of
from tests.governance.conftest import give_voice
from tests.governance.test_withdrawal import ask
from voices.models import Voice


def status_of(consent: ConsentRecord) -> str:
    with organisation_scope(consent.organisation_id, actor="system"):
        return ConsentRecord.objects.get(id=consent.id).status


@pytest.fixture
def outlived(in_northwind: Organisation) -> Voice:
    """A voice whose consent ran out a moment ago."""
    voice = give_voice(in_northwind)
    ConsentRecord.objects.filter(id=voice.consent_id).update(valid_until=timezone.now())
    return voice


def test_what_is_due_expires_in_every_organisation_and_nothing_else_does(
    northwind: Organisation, rival: Organisation
) -> None:
    due, standing = [], []
    for organisation in (northwind, rival):
        amara = meet(organisation, "Amara")
        with organisation_scope(organisation.id, actor="system"):
            due.append(consent_of(amara, "narration", days=-0.001, status="given"))
            due.append(consent_of(amara, "games", days=-0.001))
            standing.append(consent_of(amara, "dubbing", status="given"))
            standing.append(consent_of(amara, "education", days=-1, status="withdrawn"))
    expire_consents()
    expire_consents()
    assert [status_of(consent) for consent in due] == ["expired"] * 4
    assert [status_of(consent) for consent in standing] == ["given", "withdrawn"] * 2


def test_the_clock_calls_it() -> None:
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} >= {expire_consents.name}


def test_expiry_erases_what_stood_on_the_consent(outlived: Voice) -> None:
    assert expiry.expire_due(outlived.organisation_id) == 1
    certificate = DestructionCertificate.objects.get(consent_id=outlived.consent_id)
    assert (certificate.reason, certificate.key_shredded) == ("consent-expired", True)
    assert Voice.objects.get(id=outlived.id).status == "erased"
    assert not keyring.subject_key_exists(subject_id=outlived.speaker_id)


def test_an_open_request_is_voided_with_the_true_reason(in_northwind: Organisation) -> None:
    voice = give_voice(in_northwind)
    permit = ask(voice)
    ConsentRecord.objects.filter(id=voice.consent_id).update(valid_until=timezone.now())
    expiry.expire_due(in_northwind.id)
    permit = Permit.objects.get(id=permit.id)
    assert (permit.status, [reason["rule"] for reason in permit.reasons]) == ("void", ["consent-expired"])


def test_a_renewal_under_way_keeps_the_key_but_nothing_that_stood_on_the_old_consent(outlived: Voice) -> None:
    renewal = consent_of(outlived.speaker, "narration")
    links.new_link(renewal, kind="ceremony", expires_at=timezone.now() + timedelta(days=7))
    expiry.expire_due(outlived.organisation_id)
    assert keyring.subject_key_exists(subject_id=outlived.speaker_id)
    assert Voice.objects.get(id=outlived.id).status == "erased"
    assert status_of(renewal) == "requested"


def test_a_request_that_nobody_answered_leaves_no_certificate(in_northwind: Organisation) -> None:
    consent = consent_of(meet(in_northwind, "Amara"), "narration", days=-0.001)
    expiry.expire_due(in_northwind.id)
    assert status_of(consent) == "expired"
    assert not DestructionCertificate.objects.exists()
    assert [entry.event.value for entry in entries(about=consent.id)] == ["consent:record:expired"]


def test_one_consent_that_cannot_be_ended_keeps_no_other_from_ending(
    in_northwind: Organisation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (give_voice(in_northwind) for _ in range(2))
    for voice, hours in ((first, 2), (second, 1)):
        end = timezone.now() - timedelta(hours=hours)
        ConsentRecord.objects.filter(id=voice.consent_id).update(valid_until=end)
    erase: Callable[..., object] = expiry.erase

    def fail_once(speaker_id: object, **arguments: object) -> object:
        if speaker_id == first.speaker_id:
            raise OSError("the key management does not answer")
        return erase(speaker_id, **arguments)

    monkeypatch.setattr(expiry, "erase", fail_once)
    with caplog.at_level(logging.ERROR, logger="governance.expiry"):
        assert expiry.expire_due(in_northwind.id) == 1
    assert [status_of(voice.consent) for voice in (first, second)] == ["given", "expired"]
    assert str(first.consent_id) in caplog.text
