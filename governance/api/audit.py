"""The organisation's audit trail: its entries, what opens them, their proofs, and the export to other systems."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from audit import listing, proving
from audit.events import Event
from audit.export import json_line, ocsf_line
from audit.openings import Opening, opening_of
from audit.queries import LeafView, leaf_of
from governance.api import audit_serializers, serializers
from governance.api.base import ApplicationView
from tenancy.api_keys import ApiScope
from tenancy.scope import current_actor, current_organisation, organisation_scope

PROBLEM = {"4XX": serializers.ProblemSerializer}
PROOF_TYPE = "text/plain; charset=utf-8"
BATCH = 500
LINES: dict[str, Callable[..., bytes]] = {"jsonl": json_line, "ocsf": ocsf_line}


class AuditView(ApplicationView):
    """A view for keys that may read the audit trail."""

    needs: ClassVar[ApiScope] = ApiScope.AUDIT


class AuditEntriesView(AuditView):
    """The audit trail, oldest first; the header `Link` leads to the next page."""

    @extend_schema(
        parameters=[audit_serializers.EntryFilterSerializer],
        responses={200: audit_serializers.EntrySerializer(many=True), **PROBLEM},
    )
    def get(self, request: Request) -> Response:
        ask = audit_serializers.EntryFilterSerializer(data=request.query_params)
        ask.is_valid(raise_exception=True)
        wanted: dict[str, Any] = dict(ask.validated_data)
        after, limit = wanted.pop("after", None), wanted.pop("limit")
        if "event" in wanted:
            wanted["event"] = Event(wanted["event"])
        page = listing.oldest_first(listing.Filter(**wanted), after=after, limit=limit)
        context = {"places": listing.places(entry.id for entry in page.entries)}
        headers = {"Link": _next_page(request, page.entries[-1].id)} if page.more else {}
        return Response(
            audit_serializers.EntrySerializer(page.entries, many=True, context=context).data, headers=headers
        )


class AuditEntryView(AuditView):
    """One entry, its leaf in the log, and what opens the leaf's commitments."""

    @extend_schema(responses={200: audit_serializers.EntryDetailSerializer, **PROBLEM})
    def get(self, _request: Request, entry_id: UUID) -> Response:
        return Response(shown_entry(entry_id))


class AuditProofView(AuditView):
    """A proof (C2SP tlog-proof) that the entry is in the log; anyone can verify it, offline."""

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR, **PROBLEM})
    def get(self, _request: Request, entry_id: UUID) -> HttpResponse:
        return proof_file(entry_id)


class AuditExportView(AuditView):
    """Every logged entry in the log's order, as JSON Lines or OCSF; send the last place back as `after` for more."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: ARG002 - as there
        """Never fails: `format` is this address's own parameter, and no renderer is used for a stream."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        parameters=[audit_serializers.ExportAskSerializer],
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR, **PROBLEM},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        ask = audit_serializers.ExportAskSerializer(data=request.query_params)
        ask.is_valid(raise_exception=True)
        form = ask.validated_data["format"]
        lines = _lines(current_organisation(), current_actor(), form=form, after=ask.validated_data["after"])
        headers = {"Content-Disposition": f'attachment; filename="audit-{form}.ndjson"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)


def shown_entry(entry_id: UUID) -> dict[str, Any]:
    """An entry with its leaf and what opens it, as `verify_log.py` and `verify_receipt.py` take it."""
    entry = listing.one(entry_id)
    leaf = leaf_of(entry_id)
    context = {"places": {entry_id: leaf.index} if leaf else {}}
    shown: Any = audit_serializers.EntrySerializer(entry, context=context).data
    return {**shown, "log": _place(leaf), "opening": _opening(opening_of(entry))}


def proof_file(entry_id: UUID) -> HttpResponse:
    """The proof as a file; the header `Proof-Witnessed` says whether enough witnesses cosigned its checkpoint."""
    listing.one(entry_id)
    proof = proving.proof_of(entry_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{entry_id}.tlog-proof"',
        "Proof-Index": str(proof.index),
        "Proof-Size": str(proof.size),
        "Proof-Witnessed": "true" if proof.witnessed else "false",
        "Cache-Control": "no-store",
    }
    return HttpResponse(proof.text, content_type=PROOF_TYPE, headers=headers)


def _next_page(request: Request, last: UUID) -> str:
    query = urlencode({**request.query_params.dict(), "after": str(last)})
    return f'<{request.build_absolute_uri(request.path)}?{query}>; rel="next"'


def _lines(organisation_id: UUID, actor: str, *, form: str, after: int) -> Iterator[bytes]:
    """The export line by line; the request's own scope has ended by then, so each batch has one of its own."""
    while True:
        with organisation_scope(organisation_id, actor=actor):
            batch = listing.logged_after(after, limit=BATCH)
        for index, entry in batch:
            yield LINES[form](entry, organisation_id=organisation_id, index=index)
        if len(batch) < BATCH:
            return
        after = batch[-1][0]


def _place(leaf: LeafView | None) -> dict[str, Any] | None:
    if leaf is None:
        return None
    return {"index": leaf.index, "leaf": _base64(leaf.leaf), "leaf_hash": _base64(leaf.leaf_hash)}


def _opening(opening: Opening) -> dict[str, Any]:
    salts = [
        {"commitment": opened.commitment.hex(), "salt": opened.salt.hex() if opened.salt else None}
        for opened in opening.salts
    ]
    return {"payload": _base64(opening.payload), "salts": salts}


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
