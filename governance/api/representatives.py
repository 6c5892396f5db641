"""Somebody says yes for a speaker who cannot: they name themselves with the ceremony's link, and a person decides."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from consent import representatives
from consent.links import LinkKind
from consent.models import Representative
from governance.api import ceremony_serializers
from governance.api.base import SpeakerView
from governance.errors import GovernanceError


class UnknownRepresentativeError(GovernanceError):
    """Nobody was named for this consent."""

    code = "representative-unknown"


class RepresentativeView(SpeakerView):
    """The representative of a speaker, with the document that shows their right."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(responses=ceremony_serializers.RepresentativeSerializer)
    def get(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- the link is read by the base view
        found = Representative.objects.filter(consent=self.consent).select_related("consent").order_by("-id").first()
        if found is None:
            raise UnknownRepresentativeError("Nobody was named to speak for the speaker.")
        return Response(ceremony_serializers.RepresentativeSerializer(found).data)

    @extend_schema(
        request={"multipart/form-data": ceremony_serializers.RepresentativeAskSerializer},
        responses={202: ceremony_serializers.RepresentativeSerializer},
    )
    def post(self, request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        ask = ceremony_serializers.RepresentativeAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        named = representatives.name_representative(
            self.consent,
            name=ask.validated_data["who"],
            capacity=ask.validated_data["capacity"],
            statement=ask.validated_data["statement"],
            document=ask.validated_data["document"].read(),
        )
        return Response(ceremony_serializers.RepresentativeSerializer(named).data, status=202)
