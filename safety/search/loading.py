"""Fills shelves from sealed rows, and follows every change by the lists' revisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from safety.models import ProtectedList, ProtectedVoice, owned_by
from safety.search.sealed import open_key, open_voice
from safety.search.shelf import Listed, Shelf

BATCH = 1_000
T = TypeVar("T")


def revisions(*, organisation_id: UUID | None) -> dict[UUID, int]:
    """How far each list of an owner has come; None stands for the platform."""
    return dict(_lists(organisation_id).values_list("id", "revision"))


def refresh(shelf: Shelf, *, organisation_id: UUID | None) -> None:
    """Bring the owner's shelf up to what is committed now; call it in the organisation's scope.

    A list's rows are changed under a lock on the list and carry its new revision, so whoever has seen a revision has
    seen every change up to it.

    Raises:
        TamperedError: a row was altered, or moved to another row or owner.
        KeyringError: key management does not answer.
    """
    for listing in _lists(organisation_id):
        known = shelf.revisions.get(listing.id, -1)
        shelf.offsets[listing.id] = listing.threshold_offset
        if listing.revision <= known:
            continue
        key = open_key(listing)
        rows = ProtectedVoice.objects.filter(owned_by(organisation_id), listing=listing, revision__gt=known)
        for batch in _batches(rows.order_by("revision", "id").iterator(BATCH)):
            gone = [row.id for row in batch if row.removed_at is not None]
            shelf.take_out(gone)
            present = [row for row in batch if row.removed_at is None]
            shelf.put([(row.id, Listed(listing.id, row.expires_at), open_voice(key, row)) for row in present])
        shelf.revisions[listing.id] = listing.revision
    shelf.drop_expired(now=timezone.now())


def has_seen(shelf: Shelf, expected: Mapping[UUID, int]) -> bool:
    """Whether the shelf is at least as far as `expected` says the lists are."""
    return all(shelf.revisions.get(list_id, -1) >= revision for list_id, revision in expected.items())


def unlisted(*, organisation_id: UUID | None) -> bool:
    """Whether there are people from before there were lists, whom only one encoder heard."""
    return ProtectedVoice.objects.filter(owned_by(organisation_id), listing=None, removed_at=None).exists()


def count_present(*, organisation_id: UUID | None) -> int:
    """How many stand on the owner's lists now."""
    rows = ProtectedVoice.objects.filter(owned_by(organisation_id), removed_at=None)
    return rows.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now())).count()


def _lists(organisation_id: UUID | None) -> QuerySet[ProtectedList]:
    return ProtectedList.objects.filter(owned_by(organisation_id)).order_by("id")


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
