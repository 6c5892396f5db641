"""Forensics over HTTP: examinations with their originals, custody and chains for examiners, and the public detector."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance import tasks
from governance.api import forensic_serializers as shapes
from governance.api import serializers
from governance.api.base import ApplicationView
from governance.api.client_address import client_address
from governance.forensic_models import Examination
from governance.forensics import chain, custody, examinations, originals, public, signing_secrets
from tenancy.api_keys import ApiScope

PROBLEM = {"4XX": serializers.ProblemSerializer}
MOST_LISTED = 200
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class ForensicView(ApplicationView):
    """A view for keys of examiners."""

    needs: ClassVar[ApiScope] = ApiScope.FORENSICS


class ExaminationsView(ForensicView):
    """Hand a file in under a case number, and list what was handed in."""

    @extend_schema(parameters=[shapes.CaseFilterSerializer], responses=shapes.ListedExaminationSerializer(many=True))
    def get(self, request: Request) -> Response:
        ask = shapes.CaseFilterSerializer(data=request.query_params)
        ask.is_valid(raise_exception=True)
        found = examinations.listed(case_number=ask.validated_data["case"])[:MOST_LISTED]
        return Response(shapes.ListedExaminationSerializer(found, many=True).data)

    @extend_schema(
        request={"multipart/form-data": shapes.ExaminationAskSerializer},
        responses={202: shapes.ExaminationSerializer, **PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """The file is hashed and sealed as it came, and the protocol fixed, before anybody decodes it."""
        ask = shapes.ExaminationAskSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        asked: dict[str, Any] = dict(ask.validated_data)
        upload = asked.pop("audio")
        examination = examinations.submit(
            upload.read(), filename=upload.name or "", media_type=upload.content_type or "", **asked
        )
        tasks.queue_examination(examination)
        headers = {"Location": f"/v1/forensics/examinations/{examination.id}", "Retry-After": "2"}
        return Response(shapes.ExaminationSerializer(examination).data, status=202, headers=headers)


class ExaminationView(ForensicView):
    """How far an examination is, and what it found."""

    @extend_schema(responses={200: shapes.ExaminationSerializer, **PROBLEM})
    def get(self, _request: Request, examination_id: UUID) -> Response:
        return Response(shapes.ExaminationSerializer(examinations.find(examination_id)).data)


class OriginalView(ForensicView):
    """The original, byte for byte as it came in; that it was handed out joins its chain of custody."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **PROBLEM})
    def get(self, _request: Request, examination_id: UUID) -> HttpResponse:
        examination = examinations.find(examination_id)
        audio = examinations.hand_out(examination)
        headers = {
            **PRIVATE,
            "Content-Disposition": f'attachment; filename="{examination.id}.original"',
            "Repr-Digest": f"sha-256=:{_base64(examination)}:",
        }
        return HttpResponse(audio, content_type="application/octet-stream", headers=headers)

    @extend_schema(request=shapes.WhySerializer, responses={204: None, **PROBLEM})
    def delete(self, request: Request, examination_id: UUID) -> Response:
        """Destroy the original for good; its hash, what was found and the chain of custody stay."""
        ask = shapes.WhySerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        originals.delete(examinations.find(examination_id), reason=ask.validated_data["reason"])
        return Response(status=204)


class SpectrogramView(ForensicView):
    """A picture of the original's sound, drawn now."""

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY, **PROBLEM})
    def get(self, _request: Request, examination_id: UUID) -> HttpResponse:
        drawn = examinations.spectrogram(examinations.find(examination_id))
        return HttpResponse(drawn, content_type="image/png", headers=PRIVATE)


class CustodyView(ForensicView):
    """Who did what to the file and when; each event holds the hash of the one before."""

    @extend_schema(responses={200: shapes.CustodySerializer, **PROBLEM})
    def get(self, _request: Request, examination_id: UUID) -> Response:
        examination = examinations.find(examination_id)
        events = custody.trail(examination)
        custody.verify(events, examination_id=examination.id, original_sha256=examination.sha256)
        shown = {
            "examination": examination.id,
            "original_sha256": examination.sha256,
            "head_sha256": events[-1].sha256,
            "events": [
                {**custody.plain(event, original_sha256=examination.sha256), "sha256": event.sha256} for event in events
            ],
        }
        return Response(shapes.CustodySerializer(shown).data)


class ChainView(ForensicView):
    """The way from a clip that was found back to its consent, each step with its place in the log."""

    @extend_schema(parameters=[shapes.ClipAskSerializer], responses={200: shapes.StepSerializer(many=True), **PROBLEM})
    def get(self, request: Request, examination_id: UUID) -> Response:
        ask = shapes.ClipAskSerializer(data=request.query_params)
        ask.is_valid(raise_exception=True)
        steps = chain.follow(examinations.find(examination_id), ask.validated_data["clip"])
        return Response(shapes.StepSerializer(steps, many=True).data)


class SigningSecretView(ForensicView):
    """The secret that our messages to this organisation are signed with."""

    @extend_schema(responses={200: shapes.SigningSecretSerializer, **PROBLEM})
    def get(self, _request: Request) -> Response:
        return Response(shapes.SigningSecretSerializer(signing_secrets.present()).data, headers=PRIVATE)


class SigningSecretRotationView(ForensicView):
    """Have a new secret; until the overlap is over, messages bear the former one's signature too."""

    @extend_schema(request=shapes.RotationSerializer, responses={200: shapes.SigningSecretSerializer, **PROBLEM})
    def post(self, request: Request) -> Response:
        ask = shapes.RotationSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        rotated = signing_secrets.rotate(overlap=timedelta(hours=ask.validated_data["overlap_hours"]))
        return Response(shapes.SigningSecretSerializer(rotated).data, headers=PRIVATE)


class DetectorView(APIView):
    """Ask, as anybody, whether a recording bears a mark; nothing else is said, and nothing of the sound is kept."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={200: shapes.VerdictSerializer, **PROBLEM},
    )
    def post(self, request: Request) -> Response:
        ask = serializers.UploadSerializer(data=request.data)
        ask.is_valid(raise_exception=True)
        verdict = public.screen(ask.validated_data["audio"].read(), address=client_address(request))
        return Response({"verdict": verdict}, headers=PRIVATE)


def _base64(examination: Examination) -> str:
    """The hash at receipt, as RFC 9530 writes it."""
    return base64.b64encode(bytes.fromhex(examination.sha256)).decode()
