"""Consent tokens over HTTP: they say what is meant, and never more than the speaker's yes of this moment."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import tokens
from consent.models import ConsentPurpose, ConsentRecord
from governance import decisions, withdrawal
from governance.models import Decision, Permit, SynthesisRequest
from tenancy import jws
from tenancy.api_keys import ApiScope
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import equip
from tests.governance.conftest import ApiClient, give_voice
from tests.governance.everything import keep
from tests.governance.test_api_refusals import nothing_was_made, problem
from voices.models import Voice

pytestmark = pytest.mark.django_db
SAID = {"text": "Hello there.", "language": "en"}


def token_of(api: ApiClient, voice: Voice, **changes: Any) -> Any:
    body = {"voice": str(voice.id), "purpose": "narration", **changes}
    return api.post(f"/v1/consents/{voice.consent_id}/tokens", body)


@pytest.fixture
def token(api: ApiClient, voice: Voice) -> str:
    answer = token_of(api, voice)
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    written: str = answer.json()["consent_token"]
    return written


def speak(api: ApiClient, token: str, **changes: Any) -> Any:
    return api.post("/v1/tts/synthesize", {"consent_token": token, **SAID, **changes})


def refusals(organisation: Organisation) -> list[Any]:
    with organisation_scope(organisation.id, actor="system"):
        return [entry.data for entry in entries(event=Event.CONSENT_TOKEN_REFUSED)]


def test_a_token_stands_in_for_voice_and_purpose(
    northwind: Organisation, api: ApiClient, voice: Voice, token: str
) -> None:
    answer = speak(api, token)
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert (answer.json()["voice"], answer.json()["purpose"]) == (str(voice.id), "narration")
    with organisation_scope(northwind.id, actor="system"):
        (issued,), (asked,) = (
            entries(event=event) for event in (Event.CONSENT_TOKEN_ISSUED, Event.SYNTHESIS_REQUESTED)
        )
        assert asked.data == issued.data
        assert asked.data.keys() == {"jti"}


def test_voice_and_purpose_may_stand_beside_it_when_they_are_the_same(api: ApiClient, voice: Voice, token: str) -> None:
    assert speak(api, token, voice=str(voice.id), purpose="narration").status_code == 202


def test_the_same_ask_with_and_without_a_token_is_one_ask(api: ApiClient, voice: Voice, token: str) -> None:
    once = {"Idempotency-Key": "once"}
    first = api.post("/v1/tts/synthesize", {"consent_token": token, **SAID}, headers=once)
    plain = {"voice": str(voice.id), "purpose": "narration", **SAID}
    assert api.post("/v1/tts/synthesize", plain, headers=once).json()["id"] == first.json()["id"]


def test_a_token_ends_when_it_says(api: ApiClient, voice: Voice) -> None:
    answer = token_of(api, voice, seconds=60).json()
    with organisation_scope(voice.organisation_id, actor="system"):
        read = tokens.read(answer["consent_token"])
    assert (answer["id"], answer["expires_at"]) == (str(read.id), read.expires_at.isoformat().replace("+00:00", "Z"))
    assert read.expires_at - read.issued_at == timedelta(seconds=60)


@pytest.mark.parametrize("seconds", [0, 901, 1.5, "soon"])
def test_a_token_for_longer_than_a_quarter_of_an_hour_cannot_be_had(
    api: ApiClient, voice: Voice, seconds: object
) -> None:
    assert set(problem(token_of(api, voice, seconds=seconds), 400, "request-malformed")["errors"]) == {"seconds"}


def test_no_token_for_what_is_not_there_or_not_agreed_to(
    northwind: Organisation, api: ApiClient, rival_api: ApiClient, voice: Voice
) -> None:
    body = {"voice": str(voice.id), "purpose": "narration"}
    problem(api.post(f"/v1/consents/{uuid4()}/tokens", body), 404, "consent-unknown")
    problem(token_of(rival_api, voice), 404, "consent-unknown")
    for other in (uuid4(), give_voice(northwind, name="Noor").id):
        answer = api.post(f"/v1/consents/{voice.consent_id}/tokens", {**body, "voice": str(other)})
        problem(answer, 404, "voice-unknown")
    problem(token_of(api, voice, purpose="marketing"), 409, "purpose-outside-scope")
    with organisation_scope(northwind.id, actor="system"):
        ConsentRecord.objects.filter(id=voice.consent_id).update(valid_until=timezone.now())
    problem(token_of(api, voice), 409, "consent-not-active")


def test_a_key_that_may_only_speak_cannot_make_itself_a_token(northwind: Organisation, voice: Voice) -> None:
    speaker = ApiClient(equip(northwind, ApiScope.SYNTHESISE).secret)
    problem(token_of(speaker, voice), 403, "scope-missing")


def test_a_changed_token_makes_nothing_and_leaves_its_entry(
    northwind: Organisation, api: ApiClient, token: str
) -> None:
    header, payload, signature = token.split(".")
    for changed in (f"{header}.{payload}.{signature[::-1]}", f"{header}.{payload[::-1]}.{signature}", "nonsense"):
        problem(speak(api, changed), 403, "consent-token-invalid")
    assert nothing_was_made(northwind)
    assert refusals(northwind) == [{"code": "consent-token-invalid"}] * 3


def test_a_token_that_has_run_out_makes_nothing(northwind: Organisation, api: ApiClient, token: str) -> None:
    with organisation_scope(northwind.id, actor="system"):
        read = tokens.read(token)
    late = replace(read, expires_at=timezone.now() - timedelta(seconds=1))
    problem(speak(api, jws.write(tokens._claims(late), kind=tokens.KIND)), 403, "consent-token-expired")
    assert nothing_was_made(northwind)
    assert refusals(northwind) == [{"code": "consent-token-expired", "jti": str(read.id)}]


@pytest.mark.parametrize("named", [{"purpose": "marketing"}, {"voice": str(UUID(int=7))}])
def test_another_voice_or_purpose_beside_the_token_makes_nothing(
    northwind: Organisation, api: ApiClient, token: str, named: dict[str, str]
) -> None:
    detail = problem(speak(api, token, **named), 403, "consent-token-mismatch")["detail"]
    assert detail == f"The token is for another {next(iter(named))} than the request."
    assert nothing_was_made(northwind)


def test_another_organisations_token_opens_nothing_and_says_nothing_of_it(
    rival: Organisation, rival_api: ApiClient, voice: Voice, token: str
) -> None:
    body = problem(speak(rival_api, token), 403, "consent-token-mismatch")
    assert str(voice.id) not in str(body)
    assert nothing_was_made(rival)
    assert refusals(rival) == [{"code": "consent-token-mismatch"}]


def test_a_voice_that_has_moved_to_another_consent_needs_a_new_token(
    northwind: Organisation, api: ApiClient, voice: Voice, token: str
) -> None:
    later = give_voice(northwind).consent_id
    with organisation_scope(northwind.id, actor="system"):
        Voice.objects.filter(id=voice.id).update(consent_id=later)
    assert problem(speak(api, token), 403, "consent-token-mismatch")["detail"].startswith("The token is for another c")
    assert nothing_was_made(northwind)


def test_a_token_never_overrides_a_withdrawal(northwind: Organisation, api: ApiClient) -> None:
    with organisation_scope(northwind.id, actor="system"):
        voice = keep(northwind, held=False).voice
    written = token_of(api, voice).json()["consent_token"]
    job = speak(api, written).json()
    assert job["status"] == "queued"
    with organisation_scope(northwind.id, actor="system"):
        withdrawal.withdraw(voice.consent_id)
    rules = {reason["rule"] for reason in problem(speak(api, written), 403, "request-denied")["reasons"]}
    assert "consent-withdrawn" in rules
    problem(token_of(api, voice), 409, "consent-not-active")
    with organisation_scope(northwind.id, actor="system"):
        assert Permit.objects.get(request_id=job["id"]).status == "void"
        asked = SynthesisRequest.objects.get(id=job["id"])
        for stage in ("render", "delivery"):
            again = decisions.decide(asked, stage=stage)
            assert "consent-withdrawn" in {objection["rule"] for objection in again.objections}


def test_a_token_never_overrides_a_purpose_that_was_taken_back(
    northwind: Organisation, api: ApiClient, voice: Voice, token: str
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        ConsentPurpose.objects.filter(consent_id=voice.consent_id).delete()
    (reason,) = problem(speak(api, token), 403, "request-denied")["reasons"]
    assert reason["rule"] == "purpose-outside-scope"
    with organisation_scope(northwind.id, actor="system"):
        assert (Decision.objects.get().effect, Permit.objects.exists()) == ("deny", False)


def test_without_a_token_voice_and_purpose_are_asked_for(api: ApiClient) -> None:
    body = problem(api.post("/v1/tts/synthesize", SAID), 400, "request-malformed")
    assert set(body["errors"]) == {"voice", "purpose"}
    for nothing in ("", None):
        body = problem(api.post("/v1/tts/synthesize", {"consent_token": nothing, **SAID}), 400, "request-malformed")
        assert set(body["errors"]) == {"consent_token"}


def test_the_documentations_example_checks_a_token_with_the_published_keys_alone(api: ApiClient, token: str) -> None:
    answer = ApiClient(None).get("/v1/keys")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/jwk-set+json")
    page = (Path(__file__).resolve().parents[2] / "docs" / "consent-tokens.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 -- our own page, which has to be right
    claims = names["read"](token, key_set=answer.json())
    assert claims["purpose"] == "narration"
    with pytest.raises(Exception, match="signature"):
        names["read"](token[:-8] + "AAAAAAAA", key_set=answer.json())


@pytest.mark.parametrize("accepted", ["application/json", "application/jwk-set+json"])
def test_the_keys_come_under_either_name(accepted: str) -> None:
    answer = Client().get("/v1/keys", headers={"Accept": accepted})
    assert (answer.status_code, answer["Content-Type"], answer.json()) == (200, accepted, jws.key_set())
