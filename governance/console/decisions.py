"""Decisions: every verdict of the gate, and each one with its reasons, evidence and history."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from governance import queries
from governance.console import history
from governance.console.evidence import facts_as_rows
from governance.console.pages import chosen, for_members, neighbours, page_of, show
from governance.models import Effect


@for_members
def index(request: HttpRequest) -> HttpResponseBase:
    effect = chosen(request, "effect", among=Effect.values)
    context = {
        "page": page_of(request, queries.decisions(effect=effect)),
        "effect": effect,
        "counts": queries.effects(),
    }
    return show(request, "console/decisions.html", context, place="decisions")


@for_members
def detail(request: HttpRequest, decision_id: UUID) -> HttpResponseBase:
    decision = get_object_or_404(queries.decisions(), id=decision_id)
    effect = chosen(request, "effect", among=Effect.values)
    names = queries.names_of({decision.request.requested_by})
    context = {
        "decision": decision,
        "others": queries.decisions_of(decision.request_id),
        "permit": queries.permit_of(decision.request_id),
        "facts": facts_as_rows(decision.facts),
        "references": decision.request.voice.references.order_by("created_at"),
        "asked_by": history.actor_name(decision.request.requested_by, names),
        "happenings": history.about(decision.request_id, decision.id),
        "beside": neighbours(queries.decisions(effect=effect), decision),
        "effect": effect,
    }
    return show(request, "console/decision.html", context, place="decisions")
