"""Going through the record of the organisation in scope: filtered, page by page, forwards or backwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.errors import UnknownEntryError
from audit.events import Event
from audit.log import REFERENCES
from audit.models import Entry, Leaf
from audit.queries import EntryView, view_of
from tenancy.scope import current_organisation

PAGE_LIMIT = 1_000


@dataclass(frozen=True)
class Filter:
    """Which entries are wanted: of one event, about one row, since (inclusive) and until (exclusive) a moment."""

    event: Event | None = None
    about: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Page:
    """Some entries in the order asked for, and whether there are more beyond the last of them."""

    entries: list[EntryView]
    more: bool


def oldest_first(wanted: Filter, *, after: UUID | None = None, limit: int = PAGE_LIMIT) -> Page:
    """The next entries after the entry `after`, or from the beginning; raises `UnknownEntryError` for a foreign one."""
    found = _matching(wanted).order_by("sequence")
    return _page(found.filter(sequence__gt=_place(after)) if after else found, limit)


def newest_first(wanted: Filter, *, before: UUID | None = None, limit: int = PAGE_LIMIT) -> Page:
    """The entries that precede the entry `before`, or the latest; raises `UnknownEntryError` for a foreign one."""
    found = _matching(wanted).order_by("-sequence")
    return _page(found.filter(sequence__lt=_place(before)) if before else found, limit)


def one(entry_id: UUID) -> EntryView:
    """One entry; another organisation's is as unknown as none (`UnknownEntryError`)."""
    found = _own().filter(pk=entry_id).first()
    if found is None:
        raise UnknownEntryError("There is no such entry.")
    return view_of(found)


def logged_after(index: int, *, limit: int = PAGE_LIMIT) -> list[tuple[int, EntryView]]:
    """The organisation's entries beyond place `index` of the log, in the log's order, each with its place.

    Places are given in the order of commits and never again, so whoever remembers the last one misses nothing.
    """
    leaves = Leaf.objects.filter(index__gt=index, entry_id__in=_own().values("pk")).order_by("index")
    places = dict(leaves.values_list("entry_id", "index")[:limit])
    views = {entry.pk: view_of(entry) for entry in _own().filter(pk__in=places)}
    return [(place, views[entry_id]) for entry_id, place in places.items()]


def places(entry_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Where in the log these entries stand; what is not yet logged is left out."""
    return dict(Leaf.objects.filter(entry_id__in=list(entry_ids)).values_list("entry_id", "index"))


def _own() -> QuerySet[Entry]:
    return Entry.objects.filter(organisation_id=current_organisation())


def _matching(wanted: Filter) -> QuerySet[Entry]:
    found = _own()
    if wanted.about is not None:
        concerned = Q(pk__in=[])
        for key in sorted(REFERENCES):
            concerned |= Q(refs__contains={key: str(wanted.about)})
        found = found.filter(concerned)
    if wanted.event is not None:
        found = found.filter(event=wanted.event)
    if wanted.since is not None:
        found = found.filter(occurred_at__gte=wanted.since)
    return found if wanted.until is None else found.filter(occurred_at__lt=wanted.until)


def _place(entry_id: UUID) -> int:
    """The place of the entry at which a page ended."""
    found = _own().filter(pk=entry_id).values_list("sequence", flat=True).first()
    if found is None:
        raise UnknownEntryError("There is no such entry.")
    return found


def _page(found: QuerySet[Entry], limit: int) -> Page:
    rows = list(found[: limit + 1])
    return Page([view_of(entry) for entry in rows[:limit]], more=len(rows) > limit)
