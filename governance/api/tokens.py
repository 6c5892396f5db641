"""Consent tokens over HTTP, and the public keys with which anyone can check what is signed here."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from consent.models import ConsentRecord
from consent.tokens import MOST_SECONDS
from governance import consent_tokens
from governance.api.applications import PROBLEM, UnknownConsentError
from governance.api.base import ApplicationView
from governance.api.transparency import PublicView
from tenancy import jws
from tenancy.api_keys import ApiScope

KEY_SET_TYPE = "application/jwk-set+json"


class TokenAskSerializer(serializers.Serializer[Any]):
    """For which voice and purpose a token is wanted, and for how long."""

    voice = serializers.UUIDField()
    purpose = serializers.CharField(max_length=64)
    seconds = serializers.IntegerField(min_value=1, max_value=MOST_SECONDS, default=MOST_SECONDS)


class TokenSerializer(serializers.Serializer[Any]):
    """A token, and when it ends."""

    consent_token = serializers.CharField(source="written")
    id = serializers.UUIDField(source="token.id")
    expires_at = serializers.DateTimeField(source="token.expires_at")


class TokensView(ApplicationView):
    """Consent tokens of one consent."""

    needs: ClassVar[ApiScope] = ApiScope.CONSENTS

    @extend_schema(request=TokenAskSerializer, responses={201: TokenSerializer, **PROBLEM})
    def post(self, request: Request, consent_id: UUID) -> Response:
        ask = TokenAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        consent = ConsentRecord.objects.filter(id=consent_id).first()
        if consent is None:
            raise UnknownConsentError("There is no such consent.")
        asked = ask.validated_data
        issued = consent_tokens.issue(
            consent, voice_id=asked["voice"], purpose=asked["purpose"], seconds=asked["seconds"]
        )
        return Response(TokenSerializer(issued).data, status=201, headers={"Cache-Control": "no-store"})


class KeySetRenderer(JSONRenderer):
    """JSON under the name that RFC 7517 gives to sets of keys."""

    media_type = KEY_SET_TYPE
    format = "jwk-set"


class KeySetView(PublicView):
    """The public keys under which receipts, certificates and consent tokens are signed (JWK Set, RFC 7517)."""

    renderer_classes = (KeySetRenderer, JSONRenderer)

    @extend_schema(responses={(200, KEY_SET_TYPE): OpenApiTypes.OBJECT})
    def get(self, _request: Request) -> Response:
        return Response(jws.key_set(), headers={"Cache-Control": "public, max-age=300"})
