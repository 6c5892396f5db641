"""Lists of protected voices and how they change: one proposes, another agrees; who is refused may appeal.

An application's key is no person: what one proposes, two members agree to. The platform's lists are the operator's, at
the command line, who could write the database itself; what they do is kept as a change as well, under `operator`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.events import Event
from audit.log import append
from safety import names, protected_voices
from safety.comparison import VoiceEmbedding
from safety.errors import ComparisonError, ProtectionError
from safety.models import ChangeStatus, ListChange, ProtectedList, ProtectedVoice, owned_by
from safety.protected_voices import Action
from safety.search import sealed
from tenancy.ids import new_id
from tenancy.scope import current_actor, current_organisation
from tenancy.sealing import open_under

OPERATOR = "operator"
LARGEST_OFFSET = 10.0


@dataclass(frozen=True)
class Person:
    """Whom to protect: `reason` says why, `source` who asked; `expires_at` of None means as long as the list says."""

    name: str
    reason: str
    action: Action | None = None
    aliases: tuple[str, ...] = ()
    source: str = ""
    expires_at: datetime | None = None


def create_list(
    *,
    name: str,
    owner: str,
    source: str = "",
    action: Action = "deny",
    threshold_offset: float = 0.0,
    expires_after_days: int | None = None,
    platform: bool = False,
) -> ProtectedList:
    """An empty list: of the organisation in scope, or (in `platform_scope`) one that all organisations inherit.

    Raises:
        ProtectionError: it has no name or owner, the name is taken, or the offset is out of bounds.
    """
    _check_settings(action=action, threshold_offset=threshold_offset, expires_after_days=expires_after_days)
    if not name.strip() or not owner.strip():
        raise ProtectionError("A list has a name, and somebody who answers for it.")
    list_id, organisation_id = new_id(), None if platform else current_organisation()
    try:
        with transaction.atomic():
            listing = ProtectedList.objects.create(
                id=list_id,
                organisation_id=organisation_id,
                name=name,
                owner=owner,
                source=source,
                action=action,
                threshold_offset=threshold_offset,
                expires_after_days=expires_after_days,
                wrapped_key=sealed.new_key(list_id, organisation_id=organisation_id),
            )
    except IntegrityError as error:
        raise ProtectionError(f"There is a list named {name!r} already.") from error
    if not platform:
        append(Event.PROTECTED_LIST_CREATED, refs={}, data={"list": str(list_id), "action": action})
    return listing


def propose_addition(listing: ProtectedList, person: Person, *, voice: VoiceEmbedding) -> ListChange:
    """Ask that a person be protected; the voice lies sealed with the change until somebody else decides."""
    if not names.keys(person.name):
        raise ProtectionError("Name the person.")
    if person.expires_at is not None and person.expires_at <= timezone.now():
        raise ProtectionError("The protection would be over already: give an end in the future, or none.")
    change_id = new_id()
    particulars = {
        "name": " ".join(person.name.split()),
        "reason": person.reason,
        "action": person.action or listing.action,
        "aliases": list(person.aliases),
        "source": person.source,
        "expires_at": None if person.expires_at is None else person.expires_at.isoformat(),
    }
    packed = sealed.seal_voice(
        sealed.open_key(listing), voice, voice_id=change_id, organisation_id=listing.organisation_id
    )
    return _propose(listing, "add", change_id=change_id, particulars=particulars, embedding=packed)


def propose_removal(protected: ProtectedVoice, *, reason: str) -> ListChange:
    """Ask that a person be taken off their list."""
    if protected.removed_at is not None or protected.listing is None:
        raise ProtectionError("This person is on no list any more.", code="protected-voice-unknown")
    return _propose(protected.listing, "remove", voice=protected, particulars={"reason": reason})


def propose_settings(listing: ProtectedList, **settings: Any) -> ListChange:
    """Ask for another `action`, `threshold_offset` or `expires_after_days` of a list."""
    _check_settings(**settings)
    return _propose(listing, "settings", particulars=settings)


def approve(change_id: UUID) -> ListChange:
    """Agree to a change, as a member who did not propose it; it is applied once enough people stand behind it.

    Raises:
        ProtectionError: change-unknown, change-decided, or four-eyes where this person may not agree to it.
    """
    change, actor = _open_change(change_id), current_actor()
    if not _is_person(actor):
        raise ProtectionError("Only a member who is signed in can agree to a change.", code="four-eyes")
    if actor in (change.proposed_by, *change.approvals):
        raise ProtectionError("Somebody else has to agree to this change.", code="four-eyes")
    change.approvals = [*change.approvals, actor]
    append(Event.PROTECTED_LIST_CHANGE_APPROVED, refs={}, data=_data(change))
    if len(change.approvals) >= approvals_needed(change):
        _apply(change, decided_by=actor)
    change.save()
    return change


def reject(change_id: UUID, *, statement: str) -> ListChange:
    """Refuse a change, with the reason; whoever proposed it may take it back so. The voice is not kept."""
    change, actor = _open_change(change_id), current_actor()
    if not _is_person(actor):
        raise ProtectionError("Only a member who is signed in can decide on a change.", code="four-eyes")
    change.status, change.decided_by, change.decided_at = ChangeStatus.REJECTED, actor, timezone.now()
    change.statement, change.embedding = statement, None
    change.save()
    append(Event.PROTECTED_LIST_CHANGE_REJECTED, refs={}, data=_data(change))
    return change


def approvals_needed(change: ListChange) -> int:
    """Two people stand behind every change; a member who proposes it is one of them."""
    return 1 if _is_person(change.proposed_by) else 2


def apply_as_operator(change: ListChange) -> ListChange:
    """Apply a change of the platform's lists at once (in `platform_scope`), by the hand of its operator."""
    if change.organisation_id is not None:
        raise ProtectionError("An organisation's list is changed by its own people.", code="four-eyes")
    _apply(change, decided_by=OPERATOR)
    change.save()
    return change


def end_expired(*, organisation_id: UUID | None) -> int:
    """Take off whoever's protection is over, with their references; returns how many."""
    present = ProtectedVoice.objects.filter(owned_by(organisation_id), removed_at=None)
    rows = present.filter(expires_at__lte=timezone.now())
    found = list(rows.select_related("listing").select_for_update(of=("self",)))
    for protected in found:
        protected_voices.remove(protected)
    return len(found)


def _propose(listing: ProtectedList, kind: str, *, change_id: UUID | None = None, **fields: Any) -> ListChange:
    platform = listing.organisation_id is None
    change = ListChange.objects.create(
        id=change_id or new_id(),
        organisation_id=listing.organisation_id,
        listing=listing,
        kind=kind,
        proposed_by=OPERATOR if platform else current_actor(),
        **fields,
    )
    if not platform:
        append(Event.PROTECTED_LIST_CHANGE_PROPOSED, refs={}, data=_data(change))
    return change


def _apply(change: ListChange, *, decided_by: str) -> None:
    """Carry it out; the caller saves the change."""
    if change.kind == "add":
        change.voice = _add(change)
        change.embedding = None
    elif change.kind == "remove" and change.voice is not None:
        protected_voices.remove(change.voice)
    elif change.kind == "settings":
        for name, value in change.particulars.items():
            setattr(change.listing, name, value)
        change.listing.revision = protected_voices.next_revision(change.listing)
        change.listing.save(update_fields=[*change.particulars, "revision"])
        if change.organisation_id is not None:
            append(Event.PROTECTED_LIST_CHANGED, refs={}, data=_data(change))
    change.status, change.decided_by, change.decided_at = ChangeStatus.APPLIED, decided_by, timezone.now()


def _add(change: ListChange) -> ProtectedVoice:
    what, listing = change.particulars, change.listing
    context = sealed.voice_context(change.id, change.organisation_id)
    voice = sealed.unpack(open_under(sealed.open_key(listing), bytes(change.embedding or b""), context=context))
    expires_at = None if what["expires_at"] is None else datetime.fromisoformat(what["expires_at"])
    if expires_at is None and listing.expires_after_days is not None:
        expires_at = timezone.now() + timedelta(days=listing.expires_after_days)
    try:
        return protected_voices.add(
            name=what["name"],
            reason=what["reason"],
            action=what["action"],
            voice=voice,
            platform=change.organisation_id is None,
            aliases=what["aliases"],
            source=what["source"],
            expires_at=expires_at,
            listing=listing,
        )
    except ComparisonError as error:
        raise ProtectionError(f"Other encoders heard this voice than are used now: propose it anew. {error}") from error


def _open_change(change_id: UUID) -> ListChange:
    rows = ListChange.objects.select_related("listing", "voice__listing").select_for_update(of=("self",))
    change = rows.filter(id=change_id, organisation_id=current_organisation()).first()
    if change is None:
        raise ProtectionError("There is no such change in this organisation.", code="change-unknown")
    if change.status != ChangeStatus.PROPOSED:
        raise ProtectionError(f"The change was {change.status} already.", code="change-decided")
    return change


def _check_settings(**settings: Any) -> None:
    unknown = settings.keys() - {"action", "threshold_offset", "expires_after_days"}
    if unknown or not settings:
        raise ProtectionError("A list's action, threshold_offset and expires_after_days can be changed.")
    if settings.get("action", "deny") not in {"deny", "hold"}:
        raise ProtectionError("A list denies or holds.")
    if not abs(settings.get("threshold_offset", 0.0)) <= LARGEST_OFFSET:
        raise ProtectionError(f"Thresholds can be moved by {LARGEST_OFFSET:g} at most, either way.")
    days = settings.get("expires_after_days")
    if days is not None and days < 1:
        raise ProtectionError("Protection lasts for a day at least, or has no end.")


def _is_person(actor: str) -> bool:
    return actor.startswith("member:")


def _data(change: ListChange) -> dict[str, Any]:
    """What the record may say: no names, no reasons."""
    named = sorted(change.particulars) if change.kind == "settings" else []
    return {"change": str(change.id), "list": str(change.listing_id), "kind": change.kind, "settings": named}
