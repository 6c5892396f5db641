"""What the console and the API's lists read: the current organisation's rows, newest first; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from consent.models import ConsentRecord, Speaker
from governance.models import (
    Clip,
    Decision,
    Effect,
    Incident,
    Permit,
    PermitStatus,
    Review,
    ReviewKind,
    SynthesisRequest,
)
from tenancy.models import ApiKey, Membership, TenantModel
from tenancy.scope import current_organisation
from voices.models import Voice, VoiceStatus

Row = TypeVar("Row", bound=TenantModel)


@dataclass(frozen=True)
class Today:
    """What needs a human, counted, and where to begin."""

    held_decisions: int
    held_voices: int
    withheld_clips: int
    incidents: int
    oldest: Decision | Voice | Permit | None


def _own(model: type[Row]) -> QuerySet[Row]:
    """The organisation's rows: row security says so in the database, and this says so in the query as well."""
    return model._default_manager.filter(organisation_id=current_organisation())  # noqa: SLF001 - Django's public name


def decisions(*, effect: str | None = None) -> QuerySet[Decision]:
    found = _own(Decision).select_related("request__voice__speaker").order_by("-decided_at", "-id")
    return found.filter(effect=effect) if effect else found


def decisions_of(request_id: UUID) -> QuerySet[Decision]:
    """Every decision about one request, oldest first."""
    return _own(Decision).filter(request_id=request_id).order_by("decided_at", "id")


def permit_of(request_id: UUID) -> Permit | None:
    return _own(Permit).select_related("clip").filter(request_id=request_id).first()


def open_holds() -> QuerySet[Decision]:
    """Decisions to hold that nothing has followed, oldest first: each waits for a person."""
    latest = Decision.objects.filter(request_id=OuterRef("request_id")).order_by("-decided_at", "-id").values("id")[:1]
    return decisions(effect=Effect.HOLD).filter(id=Subquery(latest)).order_by("decided_at", "id")


def requests(*, voice_id: UUID | None = None) -> QuerySet[SynthesisRequest]:
    found = _own(SynthesisRequest).select_related("voice").order_by("-received_at", "-id")
    return found.filter(voice_id=voice_id) if voice_id else found


def voices(*, status: str | None = None) -> QuerySet[Voice]:
    found = _own(Voice).select_related("speaker", "consent", "prepared").order_by("-created_at", "-id")
    return found.filter(status=status) if status else found


def consents(*, status: str | None = None) -> QuerySet[ConsentRecord]:
    found = _own(ConsentRecord).select_related("speaker").prefetch_related("purposes")
    found = found.order_by("-requested_at", "-id")
    return found.filter(status=status) if status else found


def clips(*, unreleasable: bool | None = None) -> QuerySet[Clip]:
    found = _own(Clip).select_related("voice", "permit__request", "permit__decision").order_by("-made_at", "-id")
    return found if unreleasable is None else found.filter(unreleasable_since__isnull=not unreleasable)


def withheld() -> QuerySet[Permit]:
    """Permits whose output did not pass; it is kept sealed, and not released."""
    found = _own(Permit).filter(status=PermitStatus.WITHHELD)
    found = found.select_related("request__voice", "decision", "incident")
    return found.order_by("-ended_at", "-id")


def withheld_unheard() -> QuerySet[Permit]:
    """Withheld output that is kept and that no reviewer has noted yet, oldest first."""
    noted = Review.objects.filter(kind=ReviewKind.CLIP, about_id=OuterRef("id"))
    found = withheld().exclude(withheld_blob="").filter(~Exists(noted))
    return found.select_related("request__voice__consent__speaker", "decision").order_by("ended_at", "id")


def reviews() -> QuerySet[Review]:
    return _own(Review).select_related("speaker", "consent").order_by("-decided_at", "-id")


def today() -> Today:
    holds = open_holds()
    held_voices = voices(status=VoiceStatus.HELD).order_by("changed_at")
    kept_back = withheld().order_by("ended_at")
    cases: list[tuple[datetime, Decision | Voice | Permit]] = []
    if decision := holds.first():
        cases.append((decision.decided_at, decision))
    if voice := held_voices.first():
        cases.append((voice.changed_at, voice))
    if (permit := kept_back.first()) and permit.ended_at:
        cases.append((permit.ended_at, permit))
    oldest = min(cases, key=lambda case: case[0])[1] if cases else None
    return Today(holds.count(), held_voices.count(), kept_back.count(), _own(Incident).count(), oldest)


def effects() -> dict[str, int]:
    """How many decisions there are of each effect."""
    counted = _own(Decision).order_by().values_list("effect").annotate(Count("id"))
    return {**dict.fromkeys(Effect.values, 0), **dict(counted)}


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """The names behind actors such as `api-key:<id>`; one that has no name here is left out."""
    wanted: dict[str, set[str]] = {}
    for actor in actors:
        kind, _, identifier = actor.partition(":")
        wanted.setdefault(kind, set()).add(identifier)
    named = {f"api-key:{key.id}": key.name for key in _own(ApiKey).filter(id__in=wanted.get("api-key", ()))}
    for speaker in _own(Speaker).filter(id__in=wanted.get("speaker", ())):
        named[f"speaker:{speaker.id}"] = speaker.name
    members = _own(Membership).filter(Q(user_id__in=wanted.get("member", ()))).select_related("user")
    return {**named, **{f"member:{member.user_id}": member.user.get_username() for member in members}}
