"""The log as everyone may read it, without a key: checkpoint, tiles, consistency, and who signs.

Leaves hold no personal data. Addresses and media types are those of C2SP tlog-tiles, under the prefix `/v1/audit`.
"""

from __future__ import annotations

import base64
import re

from django.conf import settings
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import proving, storage
from audit.identity import verifier_keys
from audit.tiles import bundle_path, tile_path
from governance.api import audit_serializers, serializers

NOTE_TYPE = "text/plain; charset=utf-8"
TILE_TYPE = "application/octet-stream"
IMMUTABLE = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=1"
FULL = 256
_LEVEL = re.compile(r"0|[1-9]|[1-5][0-9]|6[0-3]")
_INDEX = re.compile(r"((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
PROBLEM = {"4XX": serializers.ProblemSerializer}


class PublicView(APIView):
    """A view for anyone: no key is asked for, and none is looked at."""

    authentication_classes = ()
    permission_classes = ()


class CheckpointView(PublicView):
    """The latest signed statement of the log's size and root (C2SP tlog-checkpoint), with its cosignatures."""

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR, **PROBLEM})
    def get(self, _request: Request) -> HttpResponse:
        return _stored(storage.CHECKPOINT, media_type=NOTE_TYPE, cache=BRIEFLY)


class TileView(PublicView):
    """A tile of the tree's hashes: 256 of them, or fewer at the right-hand edge (`.p/<width>`)."""

    @extend_schema(responses={(200, TILE_TYPE): OpenApiTypes.BINARY, **PROBLEM})
    def get(self, _request: Request, level: str, place: str) -> HttpResponse:
        index, width = _coordinates(place)
        if not _LEVEL.fullmatch(level):
            raise NotFound
        return _stored(tile_path(int(level), index, width), media_type=TILE_TYPE, cache=IMMUTABLE)


@method_decorator(gzip_page, name="dispatch")
class BundleView(PublicView):
    """A bundle of entries: 256 leaves, each with its length before it, or fewer at the right-hand edge."""

    @extend_schema(responses={(200, TILE_TYPE): OpenApiTypes.BINARY, **PROBLEM})
    def get(self, _request: Request, place: str) -> HttpResponse:
        index, width = _coordinates(place)
        return _stored(bundle_path(index, width), media_type=TILE_TYPE, cache=IMMUTABLE)


class ConsistencyView(PublicView):
    """That the log only grew from one size to the other."""

    @extend_schema(
        parameters=[audit_serializers.SizesSerializer],
        responses={200: audit_serializers.ConsistencySerializer, **PROBLEM},
    )
    def get(self, request: Request) -> Response:
        ask = audit_serializers.SizesSerializer(data=request.query_params)
        ask.is_valid(raise_exception=True)
        sizes = ask.validated_data
        proof = proving.growth(sizes["from"], sizes["to"])
        body = {
            "from": sizes["from"],
            "to": sizes["to"],
            "from_root": _base64(proof.from_root),
            "to_root": _base64(proof.to_root),
            "proof": [_base64(digest) for digest in proof.hashes],
        }
        return Response(body, headers={"Cache-Control": IMMUTABLE})


class KeysView(PublicView):
    """The log's name, the keys it signs with, and the policy that names the witnesses."""

    @extend_schema(responses=audit_serializers.KeysSerializer)
    def get(self, _request: Request) -> Response:
        policy = settings.LOG_POLICY_FILE.read_text() if settings.LOG_POLICY_FILE else ""
        body = {"origin": settings.LOG_ORIGIN, "keys": [str(key) for key in verifier_keys()], "policy": policy}
        return Response(body, headers={"Cache-Control": "public, max-age=300"})


def _coordinates(place: str) -> tuple[int, int]:
    """Index and width of a tile, read strictly: what is not the one way to write them is no address."""
    found = _INDEX.fullmatch(place)
    if found is None:
        raise NotFound
    index, width = int(found[1].replace("x", "").replace("/", "")), int(found[2] or FULL)
    if width > FULL or bundle_path(index, width) != f"tile/entries/{place}":
        raise NotFound
    return index, width


def _stored(path: str, *, media_type: str, cache: str) -> HttpResponse:
    try:
        found = storage.read(path)
    except FileNotFoundError:
        raise NotFound from None
    return HttpResponse(found, content_type=media_type, headers={"Cache-Control": cache})


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
