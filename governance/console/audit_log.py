"""Audit: the entries of the record, newest first, by kind of event."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponseBase

from audit.events import Event
from audit.queries import entries
from governance.console.history import happenings
from governance.console.pages import chosen, for_members, show

SHOWN = 200


@for_members
def index(request: HttpRequest) -> HttpResponseBase:
    event = chosen(request, "event", among=[known.value for known in Event])
    found = entries(event=Event(event) if event else None, limit=SHOWN)
    groups = [
        (subject, list(events)) for subject, events in groupby(Event, key=lambda known: known.value.split(":")[0])
    ]
    context = {"happenings": happenings(found)[::-1], "event": event, "groups": groups, "limit": SHOWN}
    return show(request, "console/audit.html", context, place="audit")
