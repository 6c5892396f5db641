"""What a speaker does with their receipt's link while the consent goes on; and what an organisation may ask them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consent import ceremony, lifecycle, receipts
from consent.models import ConsentRecord
from governance.models import Clip
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.consent.conftest import terms
from tests.consent.records import EVIDENCE, consent_of
from tests.governance.conftest import ApiClient, give_voice
from tests.governance.test_withdrawal import make_clip
from voices.models import Voice


@pytest.fixture
def given(in_northwind: Organisation) -> ConsentRecord:
    consent, _ = ceremony.request_consent(**terms(purposes=["narration", "games"]))
    lifecycle.give(consent, evidence=EVIDENCE)
    return consent


@pytest.fixture
def page(given: ConsentRecord) -> str:
    return f"/v1/receipts/{receipts.new_link(receipts.issue(given))}"


class TestNarrowing:
    def test_the_answer_is_the_new_receipt_and_the_old_address_shows_it(
        self, api: ApiClient, page: str, given: ConsentRecord
    ) -> None:
        answer = api.post(f"{page}/narrow", {"purposes": ["narration"]})
        assert answer.status_code == 200
        body = answer.json()["receipt"]
        assert [purpose["purpose"] for purpose in body["purposes"]] == ["narration"]
        assert api.get(page).json() == answer.json()
        assert api.get(f"/v1/consents/{given.id}").json()["purposes"] == ["narration"]

    @pytest.mark.parametrize(
        ("body", "status", "problem"),
        [
            ({"purposes": []}, 422, "consent-scope"),
            ({"purposes": ["ivr"]}, 422, "consent-scope"),
            ({}, 422, "consent-scope"),
            ({"purposes": ["juggling"]}, 400, "request-malformed"),
        ],
    )
    def test_more_nothing_or_nonsense_is_refused(
        self, api: ApiClient, page: str, body: dict[str, Any], status: int, problem: str
    ) -> None:
        answer = api.post(f"{page}/narrow", body)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")

    def test_the_organisation_cannot_do_it(self, api: ApiClient, given: ConsentRecord) -> None:
        assert api.post(f"/v1/receipts/{given.id}/narrow", {"purposes": ["narration"]}).status_code == 404


class TestUses:
    @pytest.fixture
    def spoken(self, in_northwind: Organisation) -> Voice:
        voice = give_voice(in_northwind)
        make_clip(voice)
        earlier = make_clip(voice)
        Clip.objects.filter(id=earlier.id).update(made_at=timezone.now() - timedelta(days=70), seconds=2.25)
        return voice

    @pytest.fixture
    def spoken_page(self, spoken: Voice) -> str:
        ConsentRecord.objects.filter(id=spoken.consent_id).update(locale="en")
        return f"/v1/receipts/{receipts.new_link(receipts.issue(ConsentRecord.objects.get(id=spoken.consent_id)))}/uses"

    def test_how_much_was_made_for_what_and_when(self, api: ApiClient, spoken_page: str) -> None:
        uses = api.get(spoken_page).json()
        assert (uses["count"], uses["seconds"], uses["purposes"]) == (2, 3.2, ["narration"])
        now, then = timezone.now().date(), (timezone.now() - timedelta(days=70)).date()
        assert uses["months"] == [
            {"month": now.replace(day=1).isoformat(), "purpose": "narration", "count": 1, "seconds": 1.0},
            {"month": then.replace(day=1).isoformat(), "purpose": "narration", "count": 1, "seconds": 2.2},
        ]
        assert uses["first_at"] < uses["last_at"]

    def test_each_clip_says_whether_it_was_fetched(self, api: ApiClient, spoken: Voice, spoken_page: str) -> None:
        newest = Clip.objects.order_by("-made_at").first()
        assert newest is not None
        assert api.get(f"/v1/tts/job/{newest.permit.request_id}/audio").status_code == 200
        clips = api.get(spoken_page).json()["clips"]
        assert [(clip["id"] == str(newest.id), clip["fetched"], clip["stopped"]) for clip in clips] == [
            (True, True, False),
            (False, False, False),
        ]

    def test_where_policy_shows_no_clips_the_sums_stay(self, api: ApiClient, spoken_page: str, settings: Any) -> None:
        settings.SPEAKERS_SEE_CLIPS = False
        uses = api.get(spoken_page).json()
        assert (uses["clips"], uses["count"]) == (None, 2)

    def test_nobody_elses_voice_is_counted(self, api: ApiClient, spoken: Voice, page: str) -> None:
        uses = api.get(f"{page}/uses").json()
        assert (uses["count"], uses["months"], uses["clips"], uses["first_at"]) == (0, [], [], None)


class TestRequests:
    def test_what_is_asked_of_me_is_listed_and_a_no_ends_it(
        self, api: ApiClient, page: str, given: ConsentRecord
    ) -> None:
        asked = api.post(f"/v1/consents/{given.id}/purposes", {"purposes": ["ivr"]}).json()
        (listed,) = api.get(f"{page}/requests").json()
        assert (listed["id"], listed["replaces"]) == (asked["id"], str(given.id))
        assert listed["purposes"] == ["games", "ivr", "narration"]
        assert "telephone systems" in listed["statement"]
        refused = api.post(f"{page}/requests/{asked['id']}/refuse")
        assert (refused.status_code, refused.json()) == (200, {"id": asked["id"], "status": "refused"})
        assert api.get(f"{page}/requests").json() == []
        assert api.get(f"/v1/consents/{given.id}").json()["status"] == "given"
        again = api.post(f"{page}/requests/{asked['id']}/refuse")
        assert (again.status_code, again.json()["type"]) == (409, "/problems/consent-already-decided")

    def test_another_speakers_request_is_unknown_to_me(
        self, api: ApiClient, page: str, in_northwind: Organisation
    ) -> None:
        other = consent_of(give_voice(in_northwind, name="Ivo").speaker, "games")
        assert api.get(f"{page}/requests").json() == []
        assert api.post(f"{page}/requests/{other.id}/refuse").json()["type"] == "/problems/consent-unknown"
        assert ConsentRecord.objects.get(id=other.id).status == "requested"


class TestAskingAgain:
    def test_a_renewal_is_a_new_request_with_a_ceremony_of_its_own(self, api: ApiClient, given: ConsentRecord) -> None:
        later = (given.valid_until + timedelta(days=365)).isoformat()
        answer = api.post(f"/v1/consents/{given.id}/renew", {"valid_until": later})
        assert answer.status_code == 201
        asked = answer.json()
        assert (asked["status"], asked["replaces"], asked["purposes"]) == (
            "requested",
            str(given.id),
            ["games", "narration"],
        )
        assert "/v1/ceremonies/vvc_" in asked["ceremony_url"]
        assert api.get(f"/v1/consents/{given.id}").json()["status"] == "given"

    @pytest.mark.parametrize(
        ("path", "body", "expected"),
        [
            ("renew", {"valid_until": "2020-01-01T00:00:00Z"}, (422, "consent-scope")),
            ("renew", {}, (400, "request-malformed")),
            ("purposes", {"purposes": ["narration"]}, (422, "consent-scope")),
            ("purposes", {"purposes": ["juggling"]}, (400, "request-malformed")),
            ("purposes", {"purposes": []}, (400, "request-malformed")),
        ],
    )
    def test_what_cannot_be_asked_is_refused(
        self, api: ApiClient, given: ConsentRecord, path: str, body: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        answer = api.post(f"/v1/consents/{given.id}/{path}", body)
        status, problem = expected
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")

    def test_of_a_consent_that_ended_and_of_another_organisations_nothing_is_asked(
        self, api: ApiClient, rival_api: ApiClient, given: ConsentRecord
    ) -> None:
        body = {"purposes": ["ivr"]}
        unknown = rival_api.post(f"/v1/consents/{given.id}/purposes", body)
        assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/consent-unknown")
        with organisation_scope(given.organisation_id, actor="system"):
            lifecycle.withdraw(given)
        ended = api.post(f"/v1/consents/{given.id}/purposes", body)
        assert (ended.status_code, ended.json()["type"]) == (409, "/problems/consent-not-active")
