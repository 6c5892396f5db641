"""Who is calling: an application with an API key, sent as a bearer token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from audit.events import Event
from audit.log import append
from governance.api.problems import KeyRefusedError
from tenancy import api_keys
from tenancy.errors import ApiKeyError
from tenancy.models import ApiKey
from tenancy.scope import organisation_scope


@dataclass(frozen=True)
class Application:
    """The caller as the framework's user."""

    key: ApiKey
    is_authenticated: bool = True


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer vv_…`; a key that was refused leaves an audit entry where its owner is known."""

    def authenticate(self, request: Request) -> tuple[Application, ApiKey] | None:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            return None
        try:
            key = api_keys.authenticate(secret.strip())
        except ApiKeyError as error:
            if error.api_key is not None:
                _record_refusal(error.api_key, error.code)
            raise KeyRefusedError(error.code, str(error)) from error
        return Application(key), key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 -- the framework's signature
        return "Bearer"


def _record_refusal(key: ApiKey, code: str) -> None:
    with organisation_scope(key.organisation_id, actor=f"api-key:{key.id}"):
        append(Event.API_KEY_REFUSED, refs={"api_key": key.id}, data={"code": code})


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library is untyped here
    """Tells the OpenAPI document about the bearer key."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 -- the library's signature
        return {"type": "http", "scheme": "bearer", "bearerFormat": "vv_…"}
