"""Reading the record: the entries of the organisation in scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from audit.events import Event
from audit.log import JSON, REFERENCES
from audit.models import Entry
from tenancy.scope import current_organisation


@dataclass(frozen=True)
class EntryView:
    """One entry as others may see it."""

    id: UUID
    event: Event
    actor: str
    occurred_at: datetime
    refs: dict[str, UUID]
    data: dict[str, JSON]


def entries(*, about: UUID | None = None, event: Event | None = None, limit: int = 200) -> list[EntryView]:
    """The latest entries, newest last: all, or those that refer to the row `about`, or of one kind of event."""
    found = Entry.objects.filter(organisation_id=current_organisation())
    if about is not None:
        concerned = Q(pk__in=[])
        for key in sorted(REFERENCES):
            concerned |= Q(refs__contains={key: str(about)})
        found = found.filter(concerned)
    if event is not None:
        found = found.filter(event=event)
    return [_view(entry) for entry in reversed(found.order_by("-sequence")[:limit])]


def _view(entry: Entry) -> EntryView:
    return EntryView(
        id=entry.pk,
        event=Event(entry.event),
        actor=entry.actor,
        occurred_at=entry.occurred_at,
        refs={key: UUID(value) for key, value in entry.refs.items()},
        data=entry.data,
    )
