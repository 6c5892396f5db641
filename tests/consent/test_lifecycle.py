from __future__ import annotations

import threading

import pytest
from django.db import connection

from audit.events import Event
from audit.queries import entries
from consent import lifecycle
from consent.errors import ConsentError
from consent.models import ConsentPurpose, ConsentRecord, ConsentStatus, Speaker
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import found, meet
from tests.consent.records import EVIDENCE, consent_of


def act(consent: ConsentRecord, to: str) -> None:
    if to == "given":
        lifecycle.give(consent, evidence=EVIDENCE)
    else:
        {"withdrawn": lifecycle.withdraw, "expired": lifecycle.expire}[to](consent)


@pytest.mark.usefixtures("in_northwind")
class TestTransitions:
    @pytest.mark.parametrize(
        ("before", "after", "days"),
        [
            ("requested", "given", 30),
            ("requested", "withdrawn", 30),
            ("requested", "expired", -1),
            ("given", "withdrawn", 30),
            ("given", "expired", -1),
            ("expired", "withdrawn", -1),
        ],
    )
    def test_legal(self, amara: Speaker, before: str, after: str, days: int) -> None:
        consent = consent_of(amara, "narration", days=days, status=before)
        act(consent, after)
        assert consent.status == after
        assert ConsentRecord.objects.get(id=consent.id).status == after

    @pytest.mark.parametrize(
        ("before", "after", "days"),
        [
            ("given", "given", 30),
            ("withdrawn", "given", 30),
            ("expired", "given", -1),
            ("requested", "given", -1),
            ("withdrawn", "withdrawn", 30),
            ("withdrawn", "expired", -1),
            ("expired", "expired", -1),
            ("given", "expired", 30),
        ],
    )
    def test_illegal(self, amara: Speaker, before: str, after: str, days: int) -> None:
        consent = consent_of(amara, "narration", days=days, status=before)
        with pytest.raises(ConsentError) as caught:
            act(consent, after)
        assert caught.value.code == "consent-transition"
        assert ConsentRecord.objects.get(id=consent.id).status == before

    def test_a_stale_copy_cannot_give_what_was_withdrawn_meanwhile(self, amara: Speaker) -> None:
        consent = consent_of(amara, "narration")
        stale = ConsentRecord.objects.get(id=consent.id)
        lifecycle.withdraw(consent)
        assert stale.status == "requested"
        with pytest.raises(ConsentError):
            lifecycle.give(stale, evidence=EVIDENCE)


@pytest.mark.usefixtures("in_northwind")
class TestActivePurposes:
    def test_giving_activates_each_purpose_and_ending_releases_it(self, amara: Speaker) -> None:
        consent = consent_of(amara, "narration", "games")
        lifecycle.give(consent, evidence=EVIDENCE)
        assert consent.purposes.filter(active=True).count() == 2
        lifecycle.withdraw(consent)
        assert consent.purposes.filter(active=True).count() == 0

    def test_a_second_active_consent_for_a_purpose_is_refused_and_changes_nothing(self, amara: Speaker) -> None:
        lifecycle.give(consent_of(amara, "narration"), evidence=EVIDENCE)
        second = consent_of(amara, "games", "narration")
        with pytest.raises(ConsentError) as caught, organisation_scope(amara.organisation_id, actor="system"):
            lifecycle.give(second, evidence=EVIDENCE)
        assert caught.value.code == "consent-already-active"
        assert ConsentRecord.objects.get(id=second.id).status == "requested"
        assert second.purposes.filter(active=True).count() == 0

    def test_another_purpose_or_another_speaker_may_stand_beside_it(self, amara: Speaker, ivo: Speaker) -> None:
        for consent in (consent_of(amara, "narration"), consent_of(amara, "games"), consent_of(ivo, "narration")):
            lifecycle.give(consent, evidence=EVIDENCE)
        assert ConsentPurpose.objects.filter(active=True).count() == 3

    def test_after_a_withdrawal_the_purpose_can_be_given_again(self, amara: Speaker) -> None:
        first, second = consent_of(amara, "narration"), consent_of(amara, "narration")
        lifecycle.give(first, evidence=EVIDENCE)
        lifecycle.withdraw(first)
        lifecycle.give(second, evidence=EVIDENCE)
        assert second.status == ConsentStatus.GIVEN


@pytest.mark.usefixtures("in_northwind")
class TestRecord:
    def test_every_change_is_on_the_record_without_the_words_that_were_said(self, amara: Speaker) -> None:
        consent = consent_of(amara, "narration")
        lifecycle.give(consent, evidence=EVIDENCE)
        lifecycle.withdraw(consent)
        given, withdrawn = entries(about=consent.id)
        assert (given.event, withdrawn.event) == (Event.CONSENT_GIVEN, Event.CONSENT_WITHDRAWN)
        assert given.data["recording_sha256"] == EVIDENCE["recording_sha256"]
        assert "transcript" not in given.data
        assert withdrawn.data == {"was": "given"}

    def test_a_refused_change_is_not(self, amara: Speaker) -> None:
        consent = consent_of(amara, "narration", days=-1)
        with pytest.raises(ConsentError):
            lifecycle.give(consent, evidence=EVIDENCE)
        assert entries(about=consent.id) == []


@pytest.mark.usefixtures("committed_db")
def test_of_two_who_give_and_withdraw_at_once_each_sees_what_the_other_did() -> None:
    northwind: Organisation = found("Northwind")
    amara = meet(northwind, "Amara")
    with organisation_scope(northwind.id, actor="system"):
        consent = consent_of(amara, "narration")
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(to: str) -> None:
        start.wait()
        try:
            with organisation_scope(northwind.id, actor="system"):
                act(ConsentRecord.objects.get(id=consent.id), to)
            outcomes.append(to)
        except ConsentError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(to,)) for to in ("given", "withdrawn")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with organisation_scope(northwind.id, actor="system"):
        assert ConsentRecord.objects.get(id=consent.id).status == "withdrawn"
        assert not consent.purposes.filter(active=True).exists()
    assert sorted(outcomes) in (["given", "withdrawn"], ["consent-transition", "withdrawn"])
