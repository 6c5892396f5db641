"""Rotation of keys: what a former key wrapped is wrapped anew; nothing that was sealed is touched.

Every step is a transaction of its own and says in its rows what is done, so a run that was killed is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from tenancy.hierarchy import (
    new_organisation_key,
    open_organisation_key,
    open_organisation_secret,
    organisation_key_context,
    subject_key_context,
    subject_secret_context,
)
from tenancy.models import KeyState, Organisation, OrganisationKey, SubjectKey
from tenancy.ports import KeyHolder
from tenancy.recording import record
from tenancy.registry import key_management
from tenancy.scope import organisation_scope, platform_scope
from tenancy.sealing import SealingKey, open_under, seal_under

BATCH = 500
Say = Callable[[str], None]


@dataclass(frozen=True)
class Behind:
    """How much still hangs on former keys."""

    organisation_keys: int = 0
    subject_keys: int = 0
    held_elsewhere: int = 0

    def __add__(self, other: Behind) -> Behind:
        return Behind(
            self.organisation_keys + other.organisation_keys,
            self.subject_keys + other.subject_keys,
            self.held_elsewhere + other.held_elsewhere,
        )

    @property
    def nothing(self) -> bool:
        return self == Behind()


def behind() -> Behind:
    """What a run of `catch_up` would do, counted over all organisations."""
    with platform_scope():
        counted = Behind(held_elsewhere=sum(holder.behind(organisation_id=None) for holder in _holders()))
    for organisation_id in _organisations():
        with organisation_scope(organisation_id, actor="system"):
            counted += Behind(
                organisation_keys=_wrapped_by_former(organisation_id).count(),
                subject_keys=_under_retiring(organisation_id).count(),
                held_elsewhere=sum(holder.behind(organisation_id=organisation_id) for holder in _holders()),
            )
    return counted


def catch_up(*, say: Say, batch: int = BATCH) -> Behind:
    """Wraps by the present keys whatever former ones wrapped, and destroys organisations' keys that wrap nothing more.

    Returns:
        How much was done. Whatever others added meanwhile under a former key is left to the next run.
    """
    done = Behind()
    for organisation_id in _organisations():
        done += _catch_up_one(organisation_id, say=say, batch=batch)
    with platform_scope():
        return done + Behind(held_elsewhere=sum(holder.rewrap(organisation_id=None) for holder in _holders()))


def begin_organisation_rotation(*, before: datetime) -> int:
    """Gives every organisation whose key was made earlier than `before` a new version; returns how many got one.

    The former version retires: `catch_up` moves the subjects over. One `before` for every attempt makes a run that
    was killed go on with the organisations it had not come to.
    """
    return sum(_begin_one(organisation_id, before=before) for organisation_id in _organisations())


def _organisations() -> list[UUID]:
    return list(Organisation.objects.order_by("id").values_list("id", flat=True))


def _holders() -> list[KeyHolder]:
    return [import_string(path)() for path in settings.KEY_HOLDERS]


def _begin_one(organisation_id: UUID, *, before: datetime) -> bool:
    with organisation_scope(organisation_id, actor="system"):
        # The plain, strongest lock: it waits for everyone who is just adding a key under the present version.
        rows = OrganisationKey.objects.select_for_update().filter(state=KeyState.ACTIVE, created_at__lt=before)
        present = rows.filter(organisation_id=organisation_id).first()
        if present is None:
            return False
        secret = open_organisation_secret(present) if present.wrapped_secret else None
        successor = new_organisation_key(version=present.version + 1, secret=secret)
        present.state = KeyState.RETIRING
        present.save(update_fields=["state"])
        successor.save(force_insert=True)
        record("organisation:key:rotated", refs={}, data={"version": successor.version})
    return True


def _catch_up_one(organisation_id: UUID, *, say: Say, batch: int) -> Behind:
    with organisation_scope(organisation_id, actor="system"):
        done = Behind(
            organisation_keys=_rewrap_organisation_keys(organisation_id),
            held_elsewhere=sum(holder.rewrap(organisation_id=organisation_id) for holder in _holders()),
        )
    moved = _move_batch(organisation_id, batch)
    while moved:
        done += Behind(subject_keys=moved)
        say(f"{organisation_id}: {done.subject_keys} subject keys moved")
        moved = _move_batch(organisation_id, batch)
    with organisation_scope(organisation_id, actor="system"):
        _destroy_unused(organisation_id)
    return done


def _rewrap_organisation_keys(organisation_id: UUID) -> int:
    management, context = key_management(), organisation_key_context(organisation_id)
    rows = list(_wrapped_by_former(organisation_id).select_for_update(no_key=True))
    for row in rows:
        row.wrapped = management.rewrap(bytes(row.wrapped or b""), context=context)
        row.key_management_id = management.key_id_of(row.wrapped)
        row.save(update_fields=["wrapped", "key_management_id"])
    return len(rows)


def _move_batch(organisation_id: UUID, batch: int) -> int:
    """One transaction's worth of subject keys, moved to the active version of the organisation's key."""
    with organisation_scope(organisation_id, actor="system"):
        rows = list(_under_retiring(organisation_id).select_for_update(of=("self",)).order_by("id")[:batch])
        if not rows:
            return 0
        active = OrganisationKey.objects.get(organisation_id=organisation_id, state=KeyState.ACTIVE)
        parents = OrganisationKey.objects.in_bulk({row.organisation_key_id for row in rows})
        successor = open_organisation_key(active)
        for row in rows:
            _move(row, parent=open_organisation_key(parents[row.organisation_key_id]), successor=successor)
            row.organisation_key = active
        SubjectKey.objects.bulk_update(rows, ["wrapped", "wrapped_secret", "organisation_key"])
    return len(rows)


def _move(row: SubjectKey, *, parent: SealingKey, successor: SealingKey) -> None:
    context = subject_key_context(row)
    row.wrapped = seal_under(successor, open_under(parent, bytes(row.wrapped or b""), context=context), context=context)
    if row.wrapped_secret is not None:
        context = subject_secret_context(row)
        secret = open_under(parent, bytes(row.wrapped_secret), context=context)
        row.wrapped_secret = seal_under(successor, secret, context=context)


def _destroy_unused(organisation_id: UUID) -> None:
    rows = OrganisationKey.objects.select_for_update().filter(organisation_id=organisation_id, state=KeyState.RETIRING)
    for row in rows:
        if not SubjectKey.objects.filter(organisation_key=row).exists():
            row.state, row.wrapped, row.wrapped_secret = KeyState.DESTROYED, None, None
            row.save(update_fields=["state", "wrapped", "wrapped_secret"])
            record("organisation:key:destroyed", refs={}, data={"version": row.version})


def _wrapped_by_former(organisation_id: UUID) -> QuerySet[OrganisationKey]:
    kept = OrganisationKey.objects.filter(organisation_id=organisation_id, wrapped__isnull=False)
    return kept.exclude(key_management_id=key_management().key_id)


def _under_retiring(organisation_id: UUID) -> QuerySet[SubjectKey]:
    return SubjectKey.objects.filter(organisation_id=organisation_id, organisation_key__state=KeyState.RETIRING)
