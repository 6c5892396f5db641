from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.queries import entries
from consent import lifecycle, tokens
from consent.errors import ConsentError, ConsentTokenError
from consent.models import ConsentRecord
from consent.tokens import ConsentToken
from tenancy import jws
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.consent.conftest import Ask
from tests.consent.records import EVIDENCE

VOICE = UUID("0197f1de-0000-7000-8000-000000000001")


@pytest.fixture
def given(ask: Ask) -> ConsentRecord:
    consent = ask()
    lifecycle.give(consent, evidence=EVIDENCE)
    return consent


def issue(consent: ConsentRecord, **changes: Any) -> tuple[str, ConsentToken]:
    return tokens.issue(consent, **{"voice_id": VOICE, "purpose": "narration", "seconds": 60, **changes})


def refusal(written: str) -> str:
    with pytest.raises(ConsentTokenError) as refused:
        tokens.read(written)
    return refused.value.code


def claims_of(written: str) -> dict[str, Any]:
    payload = written.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def test_a_token_says_which_consent_voice_and_purpose_and_ends_soon(given: ConsentRecord, settings: Settings) -> None:
    written, token = issue(given)
    assert tokens.read(written) == token
    assert (token.consent_id, token.organisation_id, token.voice_id) == (given.id, given.organisation_id, VOICE)
    assert token.expires_at - token.issued_at == timedelta(seconds=60)
    assert claims_of(written) == {
        "iss": settings.LOG_ORIGIN,
        "sub": str(given.id),
        "org": str(given.organisation_id),
        "voice": str(VOICE),
        "purpose": "narration",
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "jti": str(token.id),
    }


def test_a_token_names_nobody(given: ConsentRecord) -> None:
    assert "Amara" not in json.dumps(claims_of(issue(given)[0]))


def test_a_token_never_outlives_its_consent(given: ConsentRecord) -> None:
    given.valid_until = timezone.now() + timedelta(seconds=30)
    given.save(update_fields=["valid_until"])
    assert issue(given, seconds=900)[1].expires_at == given.valid_until.replace(microsecond=0)


@pytest.mark.parametrize("seconds", [0, -1, 901])
def test_no_token_lives_longer_than_a_quarter_of_an_hour_or_not_at_all(given: ConsentRecord, seconds: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 900"):
        issue(given, seconds=seconds)


def test_issuing_is_on_the_record_by_the_tokens_name_alone(given: ConsentRecord) -> None:
    _, token = issue(given)
    entry = entries(about=given.id)[-1]
    assert (entry.event, entry.data) == (Event.CONSENT_TOKEN_ISSUED, {"jti": str(token.id)})
    assert entry.refs == {"consent": given.id, "speaker": given.speaker_id, "voice": VOICE}


def test_a_purpose_that_was_not_agreed_to_gets_none(given: ConsentRecord) -> None:
    with pytest.raises(ConsentError, match="agreed to narration, not to marketing") as refused:
        issue(given, purpose="marketing")
    assert refused.value.code == "purpose-outside-scope"


def test_a_consent_that_does_not_stand_gets_none(asked: ConsentRecord) -> None:
    for consent in (asked, _withdrawn(asked)):
        with pytest.raises(ConsentError) as refused:
            issue(consent)
        assert refused.value.code == "consent-not-active"
    assert entries(event=Event.CONSENT_TOKEN_ISSUED) == []


def _withdrawn(consent: ConsentRecord) -> ConsentRecord:
    lifecycle.give(consent, evidence=EVIDENCE)
    lifecycle.withdraw(consent)
    return consent


def test_a_token_that_has_run_out_is_refused_by_its_name(given: ConsentRecord) -> None:
    _, token = issue(given)
    past = replace(token, expires_at=timezone.now().replace(microsecond=0))
    with pytest.raises(ConsentTokenError) as refused:
        tokens.read(jws.write(tokens._claims(past), kind=tokens.KIND))
    assert (refused.value.code, refused.value.token_id) == ("consent-token-expired", str(token.id))


def test_another_organisations_token_is_no_use_and_stays_nameless(given: ConsentRecord, rival: Organisation) -> None:
    written, _ = issue(given)
    with organisation_scope(rival.id, actor="system"), pytest.raises(ConsentTokenError) as refused:
        tokens.read(written)
    assert (refused.value.code, refused.value.token_id) == ("consent-token-mismatch", None)


def test_another_installations_token_is_refused(given: ConsentRecord, settings: Settings) -> None:
    written, _ = issue(given)
    settings.LOG_ORIGIN = "elsewhere.example/log"
    assert refusal(written) == "consent-token-invalid"


def test_the_same_claims_signed_as_something_else_are_refused(given: ConsentRecord) -> None:
    _, token = issue(given)
    assert refusal(jws.write(tokens._claims(token), kind="receipt+jwt")) == "consent-token-invalid"
    assert refusal("") == refusal("eyJ.x.y") == refusal("\ud800") == "consent-token-invalid"


def test_a_refusal_is_on_the_record(in_northwind: Organisation) -> None:
    tokens.refused(ConsentTokenError("consent-token-expired", "Too late.", token_id="one"))
    tokens.refused(ConsentTokenError("consent-token-invalid", "Not ours."))
    assert [entry.data for entry in entries(event=Event.CONSENT_TOKEN_REFUSED)] == [
        {"code": "consent-token-expired", "jti": "one"},
        {"code": "consent-token-invalid"},
    ]
