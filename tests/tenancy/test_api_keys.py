from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from tenancy import api_keys
from tenancy.api_keys import ApiScope
from tenancy.errors import ApiKeyError
from tenancy.models import ApiKey, Organisation
from tenancy.scope import organisation_scope
from tenancy.tokens import hash_token
from tests.cast import Engineer


def code_of(secret: str) -> str:
    with pytest.raises(ApiKeyError) as caught:
        api_keys.authenticate(secret)
    return caught.value.code


def change(engineer: Engineer, **fields: object) -> None:
    with organisation_scope(engineer.api_key.organisation_id, actor="system"):
        ApiKey.objects.filter(pk=engineer.api_key.pk).update(**fields)


def test_a_secret_is_shown_once_and_kept_as_its_hash(engineer: Engineer) -> None:
    assert re.fullmatch(r"vv_[A-Za-z0-9_-]{43}", engineer.secret)
    assert engineer.api_key.token_hash == hash_token(engineer.secret)
    assert engineer.api_key.hint == engineer.secret[:8]
    kept = [str(value) for value in vars(engineer.api_key).values()]
    assert not any(engineer.secret in value for value in kept)


def test_the_secret_authenticates_without_any_scope(engineer: Engineer) -> None:
    assert api_keys.authenticate(engineer.secret) == engineer.api_key


@pytest.mark.parametrize("secret", ["", "vv_", "vv_" + "A" * 43, "' OR 1=1 --", "\x00", "ä"])
def test_an_unknown_secret_is_refused(engineer: Engineer, secret: str) -> None:
    with pytest.raises(ApiKeyError) as caught:
        api_keys.authenticate(secret)
    assert (caught.value.code, caught.value.api_key) == ("api-key-unknown", None)


def test_the_stored_hash_is_no_secret(engineer: Engineer) -> None:
    assert code_of(engineer.api_key.token_hash) == "api-key-unknown"


def test_an_expired_key_is_refused_and_says_whose_it_is(engineer: Engineer) -> None:
    change(engineer, expires_at=timezone.now())
    with pytest.raises(ApiKeyError) as caught:
        api_keys.authenticate(engineer.secret)
    assert (caught.value.code, caught.value.api_key) == ("api-key-expired", engineer.api_key)


def test_a_revoked_key_is_refused_at_once(engineer: Engineer, northwind: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        api_keys.revoke(engineer.api_key)
    assert code_of(engineer.secret) == "api-key-revoked"
    assert engineer.api_key.revoked_at is not None


def test_another_organisation_cannot_revoke_it(engineer: Engineer, rival: Organisation) -> None:
    with organisation_scope(rival.id, actor="system"), pytest.raises(ApiKey.DoesNotExist):
        api_keys.revoke(engineer.api_key)
    assert api_keys.authenticate(engineer.secret) == engineer.api_key


def test_its_last_use_is_noted_at_most_once_a_minute(engineer: Engineer) -> None:
    def last_used() -> object:
        with organisation_scope(engineer.api_key.organisation_id, actor="system"):
            return ApiKey.objects.get(pk=engineer.api_key.pk).last_used_at

    assert last_used() is None
    api_keys.authenticate(engineer.secret)
    first = last_used()
    api_keys.authenticate(engineer.secret)
    assert first is not None
    assert last_used() == first
    earlier = timezone.now() - timedelta(seconds=61)
    change(engineer, last_used_at=earlier)
    api_keys.authenticate(engineer.secret)
    assert last_used() > first  # type: ignore[operator]


@pytest.mark.parametrize("scopes", [[], ["everything"], ["voices", "admin"], ["Voices"]])
def test_scopes_come_from_a_closed_list(in_northwind: Organisation, scopes: list[str]) -> None:
    with pytest.raises(ApiKeyError, match="needs scopes"):
        api_keys.issue(name="Studio", scopes=scopes, valid_for=timedelta(days=1))


def test_a_key_must_be_valid_for_some_time(in_northwind: Organisation) -> None:
    with pytest.raises(ApiKeyError, match="positive"):
        api_keys.issue(name="Studio", scopes=[ApiScope.VOICES], valid_for=timedelta(0))


def test_issuing_and_revoking_are_on_record_once(in_northwind: Organisation) -> None:
    api_key, _ = api_keys.issue(name="Studio", scopes=["voices", "detect"], valid_for=timedelta(days=1))
    api_keys.revoke(api_key)
    api_keys.revoke(api_key)
    assert [(entry.event, entry.data) for entry in entries(about=api_key.pk)] == [
        (Event.API_KEY_ISSUED, {"scopes": ["detect", "voices"]}),
        (Event.API_KEY_REVOKED, {}),
    ]
