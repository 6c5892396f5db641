"""The way into a ceremony: ask for a code, send it back for a session, say one's age."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from consent import ceremony, second_factor
from consent.links import LinkKind
from governance import withdrawal
from governance.api import ceremony_serializers
from governance.api.base import SpeakerView, session_cookie


class CodesView(SpeakerView):
    """Codes that are mailed to the speaker; the answer says nothing of whom or where."""

    kind: ClassVar[LinkKind] = "ceremony"
    needs_session: ClassVar[bool] = False

    @extend_schema(request=None, responses={202: ceremony_serializers.CodeSentSerializer})
    def post(self, _request: Request, token: str) -> Response:  # noqa: ARG002 -- the link is read by the base view
        second_factor.send_code(self.link.id)
        lasts = int(second_factor.CODE_LASTS.total_seconds())
        return Response({"status": "sent", "seconds": lasts}, status=202)


class SessionsView(SpeakerView):
    """Sessions: in the answer for programs; as a cookie that no script can read for browsers that ask for one."""

    kind: ClassVar[LinkKind] = "ceremony"
    needs_session: ClassVar[bool] = False

    @extend_schema(request=ceremony_serializers.CodeSerializer, responses={201: ceremony_serializers.SessionSerializer})
    def post(self, request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        ask = ceremony_serializers.CodeSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        opened = second_factor.confirm(self.link.id, ask.validated_data["code"])
        if not ask.validated_data["cookie"]:
            return Response({"session": opened.token, "expires_at": opened.expires_at}, status=201)
        response = Response({"expires_at": opened.expires_at}, status=201)
        response.set_cookie(
            session_cookie(self.link.id),
            opened.token,
            max_age=int(second_factor.SESSION_LASTS.total_seconds()),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response


class AgeView(SpeakerView):
    """What the speaker says of their age."""

    kind: ClassVar[LinkKind] = "ceremony"

    @extend_schema(request=ceremony_serializers.AgeSerializer, responses=ceremony_serializers.AgeSerializer)
    def post(self, request: Request, token: str) -> Response:  # noqa: ARG002 -- as above
        ask = ceremony_serializers.AgeSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        ceremony.declare_age(self.consent, adult=ask.validated_data["adult"])
        if not self.consent.adult:
            withdrawal.end_under_age(self.consent.id)
        return Response({"adult": True})
