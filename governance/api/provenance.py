"""Manifests that were stripped, found again: the shape of C2PA's Soft Binding Resolution API (specification 2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any, ClassVar, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle

from governance import provenance
from governance.api.base import ApplicationView
from governance.api.parsing import LimitedMultiPartParser
from governance.api.serializers import ProblemSerializer, UploadSerializer
from governance.api.transparency import PublicView
from synth_adapter.forms import MEDIA_TYPES
from tenancy.api_keys import ApiScope
from watermark.provenance import store, trust
from watermark.provenance.claim import MARK_ALG
from watermark.provenance.store import Kept

PROBLEM = {"4XX": ProblemSerializer}
MANIFEST_TYPE = "application/c2pa"
MOST_RESULTS = 100
LONGEST_VALUE = 200
WHOLE_BODY = "whole body"


class AskedModestly(AnonRateThrottle):
    """Enough for a player that meets many files, too little to copy the collection."""

    rate = "600/hour"


class AudioParser(BaseParser):
    """A recording as the whole body."""

    media_type = "audio/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the framework's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - likewise
    ) -> dict[str, bytes]:
        return {WHOLE_BODY: stream.read(settings.AUDIO_MAX_BYTES + 1)}


class BindingSerializer(serializers.Serializer[Any]):
    """A soft binding: the algorithm's name, and its value in base64."""

    alg = serializers.CharField(max_length=LONGEST_VALUE)
    value = serializers.CharField(max_length=LONGEST_VALUE)
    maxResults = serializers.IntegerField(min_value=1, max_value=MOST_RESULTS, default=10)  # noqa: N815 - C2PA's name


class MatchSerializer(serializers.Serializer[Any]):
    """A manifest, and where it is had."""

    manifestId = serializers.CharField()  # noqa: N815 - C2PA's name
    endpoint = serializers.URLField()


class MatchesSerializer(serializers.Serializer[Any]):
    """The manifests that were found; none is an answer too."""

    matches = MatchSerializer(many=True)


class ManifestView(PublicView):
    """A manifest by its name, or by its clip."""

    throttle_classes = (AskedModestly,)

    @extend_schema(
        parameters=[OpenApiParameter("form", enum=list(MEDIA_TYPES), description="Of a clip: which file's manifest.")],
        responses={(200, MANIFEST_TYPE): OpenApiTypes.BINARY, **PROBLEM},
    )
    def get(self, request: Request, manifest_id: str) -> HttpResponse:
        found = _manifest(manifest_id, form=request.query_params.get("form"))
        if found is None:
            raise NotFound("There is no such manifest.")
        headers = {"Cache-Control": "public, max-age=86400, immutable", "Content-Location": found.label}
        return HttpResponse(found.manifest, content_type=MANIFEST_TYPE, headers=headers)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: ARG002 - as there
        return super().perform_content_negotiation(request, force=True)


class ByBindingView(PublicView):
    """Manifests by the soft binding that they carry."""

    throttle_classes = (AskedModestly,)

    @extend_schema(parameters=[BindingSerializer], responses={200: MatchesSerializer, **PROBLEM})
    def get(self, request: Request) -> Response:
        return self._answer(request, request.query_params)

    @extend_schema(request=BindingSerializer, responses={200: MatchesSerializer, **PROBLEM})
    def post(self, request: Request) -> Response:
        return self._answer(request, request.data)

    def _answer(self, request: Request, given: Any) -> Response:
        ask = BindingSerializer(data=given)
        ask.is_valid(raise_exception=True)
        found = provenance.by_binding(alg=ask.validated_data["alg"], value=ask.validated_data["value"])
        return Response(_matches(request, found[: ask.validated_data["maxResults"]]))


class ByContentView(ApplicationView):
    """Manifests by the mark in a recording, which the caller's key must allow to look for."""

    needs: ClassVar[ApiScope] = ApiScope.DETECT
    parser_classes = (LimitedMultiPartParser, AudioParser)

    @extend_schema(
        request={"multipart/form-data": UploadSerializer, "audio/*": OpenApiTypes.BINARY},
        responses={200: MatchesSerializer, **PROBLEM},
    )
    def post(self, request: Request) -> Response:
        return Response(_matches(request, provenance.by_content(_audio(request))[:MOST_RESULTS]))


class AlgorithmsView(PublicView):
    """Which soft bindings lead to manifests here."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, _request: Request) -> Response:
        return Response({"watermarks": [{"alg": MARK_ALG}], "fingerprints": []})


class AnchorsView(PublicView):
    """The roots that our own manifests lead to, in PEM, for readers who decide to trust them."""

    throttle_classes = (AskedModestly,)

    @extend_schema(responses={(200, "application/pem-certificate-chain"): OpenApiTypes.STR})
    def get(self, _request: Request) -> HttpResponse:
        roots = "".join(dict.fromkeys(known.anchor for known in trust.own_certificates()))
        return HttpResponse(roots, content_type="application/pem-certificate-chain")

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: ARG002 - as there
        return super().perform_content_negotiation(request, force=True)


def _audio(request: Request) -> bytes:
    whole = request.data.get(WHOLE_BODY) if isinstance(request.data, dict) else None
    if isinstance(whole, bytes):
        return whole
    ask = UploadSerializer(data=request.data)
    ask.is_valid(raise_exception=True)
    return cast("bytes", ask.validated_data["audio"].read())


def _manifest(manifest_id: str, *, form: str | None) -> Kept | None:
    try:
        clip_id = UUID(manifest_id)
    except ValueError:
        return store.by_label(manifest_id)
    return next((one for one in store.of_clip(clip_id) if form in {None, one.form}), None)


def _matches(request: Request, found: Iterable[Kept]) -> dict[str, Any]:
    endpoint = request.build_absolute_uri("/v1/provenance")
    return {"matches": [{"manifestId": one.label, "endpoint": endpoint} for one in found]}
