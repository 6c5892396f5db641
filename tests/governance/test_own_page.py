"""A speaker's own page, without an account: questions answered from there, going on for longer, and what was made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from consent import ceremony, lifecycle, receipts, renewal
from consent.models import ConsentRecord, SpeakerLink
from tenancy.models import Organisation
from tests.consent.conftest import terms
from tests.consent.records import EVIDENCE
from tests.governance.conftest import give_voice
from tests.governance.test_withdrawal import make_clip


@pytest.fixture
def given(in_northwind: Organisation) -> ConsentRecord:
    consent, _ = ceremony.request_consent(**terms())
    lifecycle.give(consent, evidence=EVIDENCE)
    return consent


@pytest.fixture
def page(given: ConsentRecord) -> str:
    return _page(given)


def _page(consent: ConsentRecord) -> str:
    return f"/r/{receipts.new_link(receipts.issue(consent))}"


def _left(consent: ConsentRecord, *, days: int) -> None:
    """As if it had been given for 300 days, of which so many are left."""
    end = timezone.now() + timedelta(days=days)
    ConsentRecord.objects.filter(id=consent.id).update(valid_until=end, given_at=end - timedelta(days=300))


class TestAnswering:
    def test_a_new_question_leads_to_a_ceremony_of_its_own_behind_the_code(
        self, client: Client, given: ConsentRecord, page: str
    ) -> None:
        asked, _ = renewal.step_up(given.id, purposes=["games"])
        assert "Read and answer" in client.get(page).content.decode()
        answer = client.post(f"{page}/requests/{asked.id}/answer")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/c/vvc_")
        shown = client.get(answer.headers["Location"]).content.decode()
        assert given.speaker.name not in shown
        assert given.organisation.name not in shown
        assert client.get(f"{answer.headers['Location']}/notice").headers["Location"].endswith("/code")

    def test_a_question_of_somebody_else_opens_nothing(self, client: Client, given: ConsentRecord, page: str) -> None:
        other, _ = ceremony.request_consent(**terms(speaker_name="Ivo Brandt"))
        links = SpeakerLink.objects.filter(kind="ceremony").count()
        answer = client.post(f"{page}/requests/{other.id}/answer")
        assert answer.headers["Location"] == page
        assert SpeakerLink.objects.filter(kind="ceremony").count() == links


class TestGoingOn:
    def test_in_the_last_ninety_days_the_speaker_can_renew_for_as_long_again(
        self, client: Client, given: ConsentRecord, page: str
    ) -> None:
        _left(given, days=60)
        assert "Go on for longer" in client.get(page).content.decode()
        answer = client.post(f"{page}/renew")
        assert answer.headers["Location"].startswith("/c/vvc_")
        asked = ConsentRecord.objects.get(replaces=given)
        given.refresh_from_db()
        assert (asked.status, given.status) == ("requested", "given")
        assert abs(asked.valid_until - given.valid_until - timedelta(days=300)) < timedelta(minutes=1)

    def test_who_asks_twice_has_one_question_to_answer(self, client: Client, given: ConsentRecord, page: str) -> None:
        _left(given, days=60)
        client.post(f"{page}/renew")
        assert "Go on for longer" not in client.get(page).content.decode()
        assert client.post(f"{page}/renew").headers["Location"] == page
        assert ConsentRecord.objects.filter(replaces=given).count() == 1

    def test_a_year_before_the_end_nothing_is_offered(self, client: Client, given: ConsentRecord, page: str) -> None:
        _left(given, days=299)
        assert "Go on for longer" not in client.get(page).content.decode()
        assert client.post(f"{page}/renew").status_code == 422
        assert not ConsentRecord.objects.filter(replaces=given).exists()

    def test_after_a_withdrawal_there_is_nothing_to_renew(
        self, client: Client, given: ConsentRecord, page: str
    ) -> None:
        _left(given, days=60)
        client.post(f"{page}/withdraw")
        assert "Go on for longer" not in client.get(page).content.decode()
        assert client.post(f"{page}/renew").status_code == 409


@pytest.mark.parametrize("shown", [True, False])
def test_each_recording_is_listed_where_policy_allows(
    client: Client, in_northwind: Organisation, settings: Any, *, shown: bool
) -> None:
    settings.SPEAKERS_SEE_CLIPS = shown
    voice = give_voice(in_northwind)
    make_clip(voice)
    ConsentRecord.objects.filter(id=voice.consent_id).update(locale="en")
    text = client.get(_page(ConsentRecord.objects.get(id=voice.consent_id))).content.decode()
    assert "One recording was made." in text
    assert ("not fetched yet" in text) is shown
