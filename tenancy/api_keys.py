"""API keys: issued once, recognised by their hash, refused when expired or revoked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from django.db.models import Q
from django.utils import timezone

from tenancy.errors import ApiKeyError
from tenancy.models import ApiKey
from tenancy.recording import record
from tenancy.scope import current_organisation, organisation_scope, token_scope
from tenancy.tokens import hash_token, new_token

PREFIX = "vv_"
HINT_CHARACTERS = 8
LAST_USED_RESOLUTION = timedelta(minutes=1)


class ApiScope(StrEnum):
    """What a key may be used for."""

    CONSENTS = "consents"
    VOICES = "voices"
    SYNTHESISE = "synthesise"
    DETECT = "detect"
    AUDIT = "audit"
    PROTECT = "protect"
    FORENSICS = "forensics"


def issue(*, name: str, scopes: Collection[str], valid_for: timedelta) -> tuple[ApiKey, str]:
    """A key of the organisation in scope, and its secret, which is shown this once.

    Raises:
        ApiKeyError: `api-key-invalid` when a scope is unknown, none is given, or the key would never be valid.
    """
    unknown = set(scopes) - set(ApiScope)
    if unknown or not scopes:
        known = ", ".join(ApiScope)
        raise ApiKeyError("api-key-invalid", f"A key needs scopes, each one of {known}; not {sorted(unknown)}.")
    if valid_for <= timedelta(0):
        raise ApiKeyError("api-key-invalid", "A key must be valid for some time: give a positive duration.")
    secret = new_token(PREFIX)
    api_key = ApiKey.objects.create(
        organisation_id=current_organisation(),
        name=name,
        token_hash=hash_token(secret),
        hint=secret[:HINT_CHARACTERS],
        scopes=sorted(ApiScope(scope).value for scope in set(scopes)),
        expires_at=timezone.now() + valid_for,
    )
    record("organisation:api-key:issued", refs={"api_key": api_key.pk}, data={"scopes": api_key.scopes})
    return api_key, secret


def authenticate(secret: str) -> ApiKey:
    """The key that `secret` belongs to.

    Raises:
        ApiKeyError: `api-key-unknown`, `api-key-expired` or `api-key-revoked`, carrying the key where it is known.
    """
    token_hash = hash_token(secret)
    with token_scope(token_hash):
        api_key = ApiKey.objects.filter(token_hash=token_hash).first()
    if api_key is None:
        raise ApiKeyError("api-key-unknown", "No such API key: check that the whole secret was sent.")
    if api_key.revoked_at is not None:
        raise ApiKeyError("api-key-revoked", "This API key was revoked: use another.", api_key=api_key)
    now = timezone.now()
    if api_key.expires_at <= now:
        raise ApiKeyError("api-key-expired", "This API key has expired: issue a new one.", api_key=api_key)
    seen_lately = Q(last_used_at__gt=now - LAST_USED_RESOLUTION)
    with organisation_scope(api_key.organisation_id, actor=f"api-key:{api_key.pk}"):
        ApiKey.objects.filter(~seen_lately | Q(last_used_at=None), pk=api_key.pk).update(last_used_at=now)
    return api_key


def revoke(api_key: ApiKey) -> None:
    """Ends the key now; revoking it again changes nothing."""
    changed = ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=timezone.now())
    if changed:
        record("organisation:api-key:revoked", refs={"api_key": api_key.pk})
    api_key.refresh_from_db()
