"""The proof of a consent that has ended can be destroyed, once, and that of one that stands cannot."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import contact, lifecycle, links, proof
from consent.errors import ConsentError
from consent.models import (
    CeremonyCode,
    CeremonySession,
    Challenge,
    ConsentRecord,
    Speaker,
    SpeakerLink,
    SpeakerMail,
)
from tests.consent.records import EVIDENCE, consent_of
from tests.mailbox import enter

pytestmark = pytest.mark.usefixtures("in_northwind")


@pytest.mark.parametrize("status", ["requested", "given"])
def test_that_of_a_consent_that_has_not_ended_stays(amara: Speaker, status: str) -> None:
    consent = consent_of(amara, "narration", status=status)
    with pytest.raises(ConsentError, match="has not ended"):
        proof.destroy(consent)
    assert Speaker.objects.get(id=amara.id).name == "Amara"


def test_what_stays_is_that_there_was_one_and_when(amara: Speaker) -> None:
    contact.keep(amara, "amara@example.org")
    consent = consent_of(amara, "narration")
    links.new_link(consent, kind="ceremony", expires_at=timezone.now() + timedelta(days=7))
    Challenge.objects.create(
        organisation_id=consent.organisation_id,
        consent=consent,
        session=enter(consent),
        phrase="amber",
        expires_at=timezone.now(),
    )
    ConsentRecord.objects.update(territory=["IE"], recipients=["Harbour Books"], compensation="300 euros")
    lifecycle.give(consent, evidence=EVIDENCE)
    lifecycle.withdraw(consent)
    before = timezone.now()
    proof.destroy(consent)
    left = ConsentRecord.objects.get(id=consent.id)
    assert (left.status, left.given_at, left.ended_at) == ("withdrawn", consent.given_at, consent.ended_at)
    assert left.proof_destroyed_at is not None
    assert left.proof_destroyed_at >= before
    assert (left.evidence, left.languages, left.intended_use, left.purposes.count()) == ({}, [], "", 0)
    assert (left.territory, left.recipients, left.compensation) == ([], [], "")
    assert (left.speaker.name, left.speaker.contact_blob) == ("(destroyed)", "")
    kept = [model.objects.count() for model in (SpeakerLink, CeremonyCode, CeremonySession, SpeakerMail)]
    assert (kept, list(left.challenges.values_list("phrase", flat=True))) == ([0, 0, 0, 0], [""])


def test_doing_it_twice_does_it_once(amara: Speaker) -> None:
    consent = consent_of(amara, "narration")
    lifecycle.withdraw(consent)
    proof.destroy(consent)
    proof.destroy(consent)
    assert len(entries(event=Event.CONSENT_PROOF_DESTROYED)) == 1
