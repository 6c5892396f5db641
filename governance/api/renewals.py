"""What an organisation can ask of a speaker whose consent stands: to go on for longer, or to allow further purposes."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent import mail, renewal
from consent.models import ConsentRecord
from consent.scope import Purpose
from governance.api.applications import PROBLEM, UnknownConsentError
from governance.api.base import ApplicationView
from governance.api.serializers import ConsentSerializer, NewConsentSerializer
from tenancy.api_keys import ApiScope


class RenewalAskSerializer(serializers.Serializer[Any]):
    """Until when the consent shall go on."""

    valid_until = serializers.DateTimeField()


class PurposesAskSerializer(serializers.Serializer[Any]):
    """What for, besides what was agreed to."""

    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=[purpose.value for purpose in Purpose]), allow_empty=False
    )


class RenewView(ApplicationView):
    """Ask for the same again, until later; the consent stands unchanged until the speaker has said yes."""

    needs: ClassVar[ApiScope] = ApiScope.CONSENTS

    @extend_schema(request=RenewalAskSerializer, responses={201: NewConsentSerializer, **PROBLEM})
    def post(self, request: Request, consent_id: UUID) -> Response:
        ask = RenewalAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        _require_known(consent_id)
        return _asked(request, *renewal.renew(consent_id, **ask.validated_data))


class PurposesView(ApplicationView):
    """Ask for further purposes: a second purpose needs a second yes."""

    needs: ClassVar[ApiScope] = ApiScope.CONSENTS

    @extend_schema(request=PurposesAskSerializer, responses={201: NewConsentSerializer, **PROBLEM})
    def post(self, request: Request, consent_id: UUID) -> Response:
        ask = PurposesAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        _require_known(consent_id)
        return _asked(request, *renewal.step_up(consent_id, **ask.validated_data))


def _require_known(consent_id: UUID) -> None:
    if not ConsentRecord.objects.filter(id=consent_id).exists():
        raise UnknownConsentError("There is no such consent.")


def _asked(request: Request, consent: ConsentRecord, token: str) -> Response:
    urls = {
        "ceremony_url": request.build_absolute_uri(f"/v1/ceremonies/{token}"),
        "page_url": request.build_absolute_uri(f"/c/{token}"),
    }
    mail.send(consent, kind="invitation", link=urls["page_url"])
    return Response({**ConsentSerializer(consent).data, **urls}, status=201)
