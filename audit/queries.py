"""Reading the record: the entries of the organisation in scope, and the places that the published log gave them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from audit import storage
from audit.events import Event
from audit.leaves import split
from audit.log import JSON, REFERENCES
from audit.models import Checkpoint, Entry, Leaf
from audit.tiles import TileReader
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
    commitments: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class LeafView:
    """An entry's place in the log, the leaf's canonical bytes, and their RFC 9162 leaf hash (32 bytes)."""

    index: int
    leaf: bytes
    leaf_hash: bytes


@dataclass(frozen=True)
class CheckpointView:
    """A published checkpoint: `text` is the signed note, with the witnesses' cosignatures once there are any."""

    size: int
    root: bytes
    text: str
    witnessed: bool
    published_at: datetime


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
    return [view_of(entry) for entry in reversed(found.order_by("-sequence")[:limit])]


def known_entries(among: Collection[UUID]) -> set[UUID]:
    """Which of these are entries of the organisation in scope."""
    found = Entry.objects.filter(organisation_id=current_organisation(), id__in=list(among))
    return set(found.values_list("id", flat=True))


def leaf_of(entry_id: UUID) -> LeafView | None:
    """Where the entry stands in the log; None until the sequencer has taken it, which is a matter of a second."""
    row = Leaf.objects.filter(entry_id=entry_id).first()
    return None if row is None else LeafView(row.index, bytes(row.leaf), bytes(row.leaf_hash))


def checkpoint_covering(index: int, *, prefer_witnessed: bool = True) -> CheckpointView | None:
    """The first published checkpoint of a log that holds leaf `index`, the first witnessed one if it is preferred."""
    covering = Checkpoint.objects.filter(size__gt=index).order_by("size")
    found = covering.filter(witnessed=True).first() if prefer_witnessed else None
    found = found or covering.first()
    return None if found is None else checkpoint_view(found)


def latest_checkpoint() -> CheckpointView | None:
    """The checkpoint of the largest published log; None as long as nothing was published."""
    found = Checkpoint.objects.order_by("-size").first()
    return None if found is None else checkpoint_view(found)


def tile_reader(size: int) -> TileReader:
    """Reads the nodes and leaves of the published log of `size` leaves from storage, without the database."""
    return TileReader(storage.read, size=size)


def view_of(entry: Entry) -> EntryView:
    """The row as others may see it."""
    return EntryView(
        id=entry.pk,
        event=Event(entry.event),
        actor=entry.actor,
        occurred_at=entry.occurred_at,
        refs={key: UUID(value) for key, value in entry.refs.items()},
        data=entry.data,
        commitments=split(bytes(entry.commitments)),
    )


def checkpoint_view(row: Checkpoint) -> CheckpointView:
    """The row as others may see it."""
    return CheckpointView(row.size, bytes(row.root), row.cosigned or row.note, row.witnessed, row.published_at)
