"""Audit: the entries of the record, newest first, and for each its place in the log and what proves it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from audit import listing, proving
from audit.errors import NotProvableYetError, UnknownEntryError
from audit.events import Event
from audit.openings import opening_of
from audit.queries import EntryView, checkpoint_covering, leaf_of
from governance.console.history import Happening, happenings
from governance.console.pages import PAGE_SIZE, chosen, for_members, show


@dataclass(frozen=True)
class Row:
    """One entry as the table shows it: what happened, its place in the log, and how provable that is."""

    happening: Happening
    index: int | None
    standing: str


@for_members
def index(request: HttpRequest) -> HttpResponseBase:
    event = chosen(request, "event", among=[known.value for known in Event])
    wanted = listing.Filter(event=Event(event) if event else None)
    page = listing.newest_first(wanted, before=_identifier(request.GET.get("before")), limit=PAGE_SIZE)
    reach = proving.reach()
    groups = [
        (subject, list(events)) for subject, events in groupby(Event, key=lambda known: known.value.split(":")[0])
    ]
    context = {
        "rows": _rows(page.entries, reach),
        "older": page.entries[-1].id if page.more else None,
        "later": request.GET.get("before", ""),
        "event": event,
        "groups": groups,
        "reach": reach,
    }
    return show(request, "console/audit.html", context, place="audit")


@for_members
def detail(request: HttpRequest, entry_id: UUID) -> HttpResponseBase:
    return _detail(request, entry_id)


@for_members
def proof(request: HttpRequest, entry_id: UUID) -> HttpResponseBase:
    """The proof as a file; the entry's page while there is none yet."""
    _entry(entry_id)
    try:
        found = proving.proof_of(entry_id)
    except NotProvableYetError:
        return _detail(request, entry_id, status=409)
    headers = {"Content-Disposition": f'attachment; filename="{entry_id}.tlog-proof"'}
    return HttpResponse(found.text, content_type="text/plain; charset=utf-8", headers=headers)


def _detail(request: HttpRequest, entry_id: UUID, *, status: int = 200) -> HttpResponse:
    entry = _entry(entry_id)
    leaf = leaf_of(entry_id)
    reach = proving.reach()
    place = leaf.index if leaf else None
    context = {
        "row": _rows([entry], reach)[0],
        "leaf": leaf,
        "leaf_text": json.dumps(json.loads(leaf.leaf), indent=2) if leaf else "",
        "checkpoint": None if place is None else checkpoint_covering(place, prefer_witnessed=True),
        "opening": opening_of(entry),
        "beside": _rows(listing.newest_first(listing.Filter(), limit=PAGE_SIZE).entries, reach),
    }
    return show(request, "console/entry.html", context, place="audit", status=status)


def _rows(found: list[EntryView], reach: proving.Reach) -> list[Row]:
    places = listing.places(entry.id for entry in found)
    return [
        Row(happening, places.get(entry.id), reach.standing_of(places.get(entry.id)))
        for entry, happening in zip(found, happenings(found), strict=True)
    ]


def _entry(entry_id: UUID) -> EntryView:
    try:
        return listing.one(entry_id)
    except UnknownEntryError as error:
        raise Http404(str(error)) from error


def _identifier(text: str | None) -> UUID | None:
    """The entry at which an older page begins; the latest page when the address names none of ours."""
    try:
        return _entry(UUID(text)).id if text else None
    except (ValueError, Http404):
        return None
