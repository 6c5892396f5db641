"""Legal holds on cases over HTTP: what was handed in under a case number is kept until the hold is lifted."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance import case_holds
from governance.api import forensic_serializers as shapes
from governance.api.forensics import PROBLEM, ForensicView
from tenancy.scope import current_actor


class HoldsView(ForensicView):
    """Place a hold on a case, and list those that are open."""

    @extend_schema(responses=shapes.CaseHoldSerializer(many=True))
    def get(self, _request: Request) -> Response:
        return Response(shapes.CaseHoldSerializer(case_holds.standing(), many=True).data)

    @extend_schema(request=shapes.CaseHoldAskSerializer, responses={201: shapes.CaseHoldSerializer, **PROBLEM})
    def post(self, request: Request) -> Response:
        """Files that come later under the same case number are kept too."""
        ask = shapes.CaseHoldAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        hold = case_holds.place(**ask.validated_data, placed_by=current_actor())
        return Response(shapes.CaseHoldSerializer(hold).data, status=201)


class HoldLiftView(ForensicView):
    """End a hold; what is due is destroyed the next night."""

    @extend_schema(request=None, responses={200: shapes.CaseHoldSerializer, **PROBLEM})
    def post(self, _request: Request, hold_id: UUID) -> Response:
        return Response(shapes.CaseHoldSerializer(case_holds.lift(hold_id)).data)
