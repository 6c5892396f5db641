"""Consents: what each speaker was asked, what they agreed to, and the proof that they did."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from consent import receipts
from consent.models import ConsentStatus
from governance import queries
from governance.console import history
from governance.console.pages import chosen, for_members, neighbours, page_of, show


@for_members
def index(request: HttpRequest) -> HttpResponseBase:
    status = chosen(request, "status", among=ConsentStatus.values)
    context = {"page": page_of(request, queries.consents(status=status)), "status": status, "statuses": ConsentStatus}
    return show(request, "console/consents.html", context, place="consents")


@for_members
def detail(request: HttpRequest, consent_id: UUID) -> HttpResponseBase:
    consent = get_object_or_404(queries.consents(), id=consent_id)
    context = {
        "consent": consent,
        "receipt": receipts.latest(consent),
        "recordings": consent.recordings.order_by("received_at"),
        "voices": consent.voices.order_by("created_at"),
        "happenings": history.about(consent.id),
        "beside": neighbours(queries.consents(), consent),
    }
    return show(request, "console/consent.html", context, place="consents")
