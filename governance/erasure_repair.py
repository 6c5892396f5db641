"""Finish erasures that a crash interrupted right after they had committed: lines of the ledger, files in storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from uuid import UUID

from django.core.files.storage import storages
from django.utils import timezone

from governance import erasure_ledger
from governance.models import DestructionCertificate
from tenancy import blobs
from tenancy.models import Organisation
from tenancy.scope import organisation_scope

LOOK_BACK = timedelta(hours=6)


def repair() -> tuple[int, int]:
    """How many lines the ledger lacked, and how many files still lay in storage; both are put right."""
    written, deleted = erasure_ledger.repair(), 0
    since = timezone.now() - LOOK_BACK
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with organisation_scope(organisation_id, actor="system"):
            issued = list(DestructionCertificate.objects.filter(issued_at__gte=since))
        deleted += delete_leftovers(organisation_id, issued)
    return written, deleted


def delete_leftovers(organisation_id: UUID, issued: Iterable[DestructionCertificate]) -> int:
    """Delete every file of an object that these certificates say was destroyed; how many there were."""
    named = [item for certificate in issued for item in certificate.body["destroyed"]["objects"]]
    deleted = 0
    for kind in sorted({item["kind"] for item in named}):
        gone = {item["id"] for item in named if item["kind"] == kind}
        for name in _files(f"{organisation_id}/{kind}"):
            if name.rpartition("/")[2].partition(".")[0] in gone:
                blobs.delete(name)
                deleted += 1
    return deleted


def _files(folder: str) -> Iterator[str]:
    """The names of the sealed files of one kind; each begins with its object's identifier and a full stop."""
    try:
        _, files = storages["blobs"].listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{file}" for file in files)
