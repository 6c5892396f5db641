"""A ceremony over HTTP: nothing is shown before the second factor, and what a session opens is its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.queries import entries
from consent import contact
from consent.link_guard import MOST_GUESSES
from consent.models import CeremonySession, ConsentRecord, Speaker
from tenancy.keyring import subject_key_exists
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.conftest import ApiClient
from tests.governance.everything import tone
from tests.governance.test_api_refusals import problem
from tests.mailbox import mails_to, read_code

pytestmark = pytest.mark.django_db
JSON = "application/json"


def asked_for(**changes: Any) -> dict[str, Any]:
    return {
        "speaker_name": "Amara Okafor",
        "speaker_email": "amara@example.org",
        "purposes": ["narration"],
        "languages": ["en"],
        "intended_use": "Audiobooks for children, read aloud in our own app",
        "territory": ["IE"],
        "compensation": "none",
        "recipients": [],
        "clips_may_be_distributed": False,
        "valid_until": (timezone.now() + timedelta(days=30)).isoformat(),
        **changes,
    }


@dataclass
class Visitor:
    """Somebody who holds a ceremony's link, with a browser of their own."""

    path: str
    consent_id: str
    organisation: Organisation
    page: str = ""

    def __post_init__(self) -> None:
        self.client, self.headers = Client(), dict[str, str]()

    def get(self, tail: str = "") -> Any:
        return self.client.get(f"{self.path}{tail}", headers=self.headers)

    def post(self, tail: str, body: Any = None) -> Any:
        return self.client.post(f"{self.path}{tail}", body or {}, content_type=JSON, headers=self.headers)

    def send(self, body: dict[str, Any]) -> Any:
        upload = {**body, "audio": SimpleUploadedFile("recording.wav", body["audio"])}
        return self.client.post(f"{self.path}/recordings", upload, headers=self.headers)

    def code(self) -> str:
        with organisation_scope(self.organisation.id, actor="system"):
            return read_code(self.consent())

    def consent(self) -> ConsentRecord:
        return ConsentRecord.objects.select_related("speaker", "organisation").get(id=self.consent_id)

    def elsewhere(self) -> Visitor:
        return Visitor(self.path, self.consent_id, self.organisation)

    def enter(self) -> Visitor:
        assert self.post("/codes").status_code == 202
        self.headers = {"Ceremony-Session": self.post("/sessions", {"code": self.code()}).json()["session"]}
        return self


@pytest.fixture
def visitor(api: ApiClient, northwind: Organisation) -> Visitor:
    made = api.post("/v1/consents", asked_for()).json()
    return Visitor(made["ceremony_url"].removeprefix("http://testserver"), made["id"], northwind, made["page_url"])


class TestRequest:
    def test_the_link_is_given_to_the_organisation_and_mailed_to_the_speaker(self, visitor: Visitor) -> None:
        with organisation_scope(visitor.organisation.id, actor="system"):
            (sent,) = mails_to(visitor.consent())
        assert sent.to == ["amara@example.org"]
        assert visitor.page == f"http://testserver{visitor.path.replace('/v1/ceremonies/', '/c/')}"
        assert visitor.page in sent.body.splitlines()

    def test_it_is_not_mailed_where_the_organisation_hands_it_over_itself(
        self, api: ApiClient, northwind: Organisation
    ) -> None:
        made = api.post("/v1/consents", asked_for(deliver=False)).json()
        with organisation_scope(northwind.id, actor="system"):
            assert mails_to(ConsentRecord.objects.get(id=made["id"])) == []
        assert made["ceremony_url"]

    def test_the_terms_are_answered_and_the_address_is_not(self, api: ApiClient) -> None:
        made = api.post("/v1/consents", asked_for(territory=["worldwide"], recipients=["Harbour Books"], locale="de"))
        body = made.json()
        assert made.status_code == 201
        assert {name: body[name] for name in ("territory", "recipients", "compensation", "locale")} == {
            "territory": ["worldwide"],
            "recipients": ["Harbour Books"],
            "compensation": "none",
            "locale": "de",
        }
        assert body["clips_may_be_distributed"] is False
        assert "amara@example.org" not in made.content.decode()

    def test_every_missing_term_is_named(self, api: ApiClient) -> None:
        body = problem(api.post("/v1/consents", {"speaker_name": "Amara"}), 400, "request-malformed")
        assert set(body["errors"]) == {
            "speaker_email",
            "purposes",
            "languages",
            "intended_use",
            "territory",
            "compensation",
            "recipients",
            "clips_may_be_distributed",
            "valid_until",
        }

    @pytest.mark.parametrize(
        ("wrong", "because"),
        [({"intended_use": "Audiobooks"}, "at least 8 words"), ({"territory": ["XX"]}, "where XX is")],
    )
    def test_terms_that_nobody_can_agree_to_are_refused_with_what_to_do(
        self, api: ApiClient, wrong: dict[str, Any], because: str
    ) -> None:
        assert because in problem(api.post("/v1/consents", asked_for(**wrong)), 422, "consent-scope")["detail"]


class TestSecondFactor:
    @pytest.mark.parametrize(
        ("method", "tail"),
        [
            ("get", ""),
            ("post", "/age"),
            ("post", "/challenges"),
            ("post", "/recordings"),
            ("get", "/recordings/0197f1de-0000-7000-8000-000000000000"),
            ("post", "/receipt"),
        ],
    )
    def test_the_link_alone_shows_nothing(self, visitor: Visitor, method: str, tail: str) -> None:
        answer = getattr(visitor, method)(tail)
        problem(answer, 401, "second-factor-needed")
        assert answer["WWW-Authenticate"] == "Ceremony-Session"
        said = answer.content.decode()
        assert [part in said for part in ("Amara", "Northwind", "example.org")] == [False, False, False]
        with organisation_scope(visitor.organisation.id, actor="system"):
            assert visitor.consent().notice_shown_at is None

    def test_asking_for_a_code_tells_nothing(self, visitor: Visitor) -> None:
        answer = visitor.post("/codes")
        assert (answer.status_code, answer.json()) == (202, {"status": "sent", "seconds": 600})
        with organisation_scope(visitor.organisation.id, actor="system"):
            contact.forget(visitor.consent().speaker_id)
        assert visitor.post("/codes").json() == answer.json()

    def test_what_is_shown_stays_in_no_cache(self, visitor: Visitor) -> None:
        answers = [visitor.get(), visitor.enter().get(), visitor.client.get("/v1/receipts/vvr_nobody")]
        assert [answer["Cache-Control"] for answer in answers] == ["no-store"] * 3

    def test_the_code_opens_the_ceremony(self, visitor: Visitor) -> None:
        shown = visitor.enter().get()
        assert (shown.status_code, shown.json()["speaker"], shown.json()["organisation"]) == (
            200,
            "Amara Okafor",
            "Northwind",
        )

    def test_a_browser_gets_a_cookie_that_no_script_reads(self, visitor: Visitor, settings: Settings) -> None:
        settings.SESSION_COOKIE_SECURE = True
        visitor.post("/codes")
        answer = visitor.post("/sessions", {"code": visitor.code(), "cookie": True})
        assert set(answer.json()) == {"expires_at"}
        (cookie,) = answer.cookies.values()
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["max-age"]) == (
            True,
            "Lax",
            True,
            7200,
        )
        assert visitor.get().status_code == 200
        problem(visitor.elsewhere().get(), 401, "second-factor-needed")

    def test_a_wrong_code_is_counted_although_it_is_refused(self, visitor: Visitor) -> None:
        visitor.post("/codes")
        right = visitor.code()
        wrong = f"{(int(right) + 1) % 10**6:06}"
        for left in (4, 3, 2, 1, 0):
            assert (
                f"{left} tries are left"
                in problem(visitor.post("/sessions", {"code": wrong}), 403, "code-wrong")["detail"]
            )
        answer = visitor.post("/sessions", {"code": right})
        problem(answer, 429, "too-many-attempts")
        assert int(answer["Retry-After"]) >= 1
        with organisation_scope(visitor.organisation.id, actor="system"):
            assert not CeremonySession.objects.exists()
            assert len(entries(event=Event.CONSENT_CODE_REFUSED)) == 5

    def test_a_code_that_was_not_sent_is_expired(self, visitor: Visitor) -> None:
        problem(visitor.post("/sessions", {"code": "123456"}), 403, "code-expired")

    def test_no_more_than_five_codes_are_sent_in_an_hour(self, visitor: Visitor) -> None:
        answers = [visitor.post("/codes") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [202] * 5 + [429]
        assert 3500 < int(answers[-1]["Retry-After"]) <= 3601
        with organisation_scope(visitor.organisation.id, actor="system"):
            assert len(mails_to(visitor.consent())) == 6  # with the invitation

    def test_another_persons_session_does_not_open_it(self, visitor: Visitor, api: ApiClient) -> None:
        made = api.post("/v1/consents", asked_for(speaker_email="ivo@example.org")).json()
        ivo = Visitor(made["ceremony_url"].removeprefix("http://testserver"), made["id"], visitor.organisation).enter()
        visitor.headers = ivo.headers
        problem(visitor.get(), 401, "second-factor-needed")

    def test_a_phrase_is_good_only_where_it_was_asked_for(self, visitor: Visitor) -> None:
        visitor.enter().get()
        visitor.post("/age", {"adult": True})
        body = {"challenge": visitor.post("/challenges").json()["id"], "audio": tone(220)}
        problem(visitor.elsewhere().enter().send(body), 409, "challenge-of-another-session")
        assert visitor.send(body).status_code == 202

    @pytest.mark.parametrize("kind", ["ceremonies/vvc_", "receipts/vvr_"])
    def test_whoever_guesses_links_is_stopped(self, visitor: Visitor, kind: str) -> None:
        for number in range(MOST_GUESSES):
            problem(visitor.client.get(f"/v1/{kind}{number}"), 404, "link-unknown")
        answer = visitor.client.get(f"/v1/{kind}x")
        problem(answer, 429, "too-many-attempts")
        assert 590 < int(answer["Retry-After"]) <= 601
        problem(visitor.post("/codes"), 429, "too-many-attempts")
        assert visitor.client.post(f"{visitor.path}/codes", REMOTE_ADDR="192.0.2.7").status_code == 202


class TestAge:
    def test_without_it_there_is_no_phrase(self, visitor: Visitor) -> None:
        visitor.enter().get()
        problem(visitor.post("/challenges"), 409, "age-not-declared")
        assert visitor.post("/age", {"adult": True}).json() == {"adult": True}
        assert visitor.post("/challenges").status_code == 201

    def test_it_is_yes_or_no(self, visitor: Visitor) -> None:
        problem(visitor.enter().post("/age", {"adult": "perhaps"}), 400, "request-malformed")
        problem(visitor.post("/age"), 400, "request-malformed")
        form = visitor.client.post(f"{visitor.path}/age", {"adlut": "true"}, headers=visitor.headers)
        assert set(problem(form, 400, "request-malformed")["errors"]) == {"adult"}
        assert visitor.post("/age", {"adult": True}).status_code == 200

    def test_under_age_ends_the_ceremony_for_good_and_nothing_of_the_person_is_kept(self, visitor: Visitor) -> None:
        visitor.enter().get()
        problem(visitor.post("/age", {"adult": False}), 403, "speaker-under-age")
        with organisation_scope(visitor.organisation.id, actor="system"):
            consent = visitor.consent()
            assert (consent.status, consent.adult) == ("withdrawn", False)
            assert Speaker.objects.get().contact_blob == ""
            assert not subject_key_exists(subject_id=consent.speaker_id)
            events = [entry.event for entry in entries(about=consent.id)]
        assert events[-1] == Event.CERTIFICATE_ISSUED or Event.CONSENT_WITHDRAWN in events
        assert Event.CONSENT_AGE_DECLARED in events
        problem(visitor.post("/age", {"adult": True}), 409, "consent-already-decided")
        problem(visitor.post("/challenges"), 409, "consent-already-decided")


def test_the_outbox_is_empty_before_the_queue_works(visitor: Visitor) -> None:
    """A request does not wait for the mail server."""
    visitor.post("/codes")
    assert django_mail.outbox == []
