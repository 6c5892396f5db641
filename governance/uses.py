"""Uses: what was made with a speaker's voice, for the speaker to see; pictures of rows, nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Max, Min, QuerySet, Sum
from django.db.models.functions import TruncMonth

from audit.events import Event
from audit.queries import entries
from governance.models import Clip

MOST_CLIPS = 200


@dataclass(frozen=True)
class Month:
    """How much was made for one purpose in one calendar month (UTC)."""

    month: date
    purpose: str
    count: int
    seconds: float


@dataclass(frozen=True)
class Use:
    """One clip: what for, when, how long, whether it was fetched, and whether it can be fetched still."""

    id: UUID
    purpose: str
    language: str
    made_at: datetime
    seconds: float
    fetched: bool
    stopped: bool


@dataclass(frozen=True)
class Uses:
    """Everything that was made; `clips` is None where the operator's policy shows sums alone."""

    count: int
    seconds: float
    purposes: tuple[str, ...]
    first_at: datetime | None
    last_at: datetime | None
    months: tuple[Month, ...]
    clips: tuple[Use, ...] | None


def of_speaker(speaker_id: UUID) -> Uses:
    """What was made with the voice of a speaker of the organisation in scope, whichever consent it stood on then."""
    made = Clip.objects.filter(voice__speaker_id=speaker_id)
    whole = made.aggregate(count=Count("id"), seconds=Sum("seconds"), first=Min("made_at"), last=Max("made_at"))
    months = tuple(_months(made))
    return Uses(
        count=whole["count"],
        seconds=round(whole["seconds"] or 0.0, 1),
        purposes=tuple(sorted({month.purpose for month in months})),
        first_at=whole["first"],
        last_at=whole["last"],
        months=months,
        clips=tuple(_clips(made)) if settings.SPEAKERS_SEE_CLIPS else None,
    )


def _months(made: QuerySet[Clip]) -> Iterator[Month]:
    by_month = made.values(month=TruncMonth("made_at"), purpose=F("permit__request__purpose"))
    counted = by_month.annotate(count=Count("id"), total=Sum("seconds")).order_by("-month", "purpose")
    for row in counted:
        yield Month(row["month"].date(), row["purpose"], row["count"], round(row["total"], 1))


def _clips(made: QuerySet[Clip]) -> Iterator[Use]:
    """The latest first, and no more than a page can show; the pack of everything holds the rest."""
    for clip in made.select_related("permit__request").order_by("-made_at", "-id")[:MOST_CLIPS]:
        yield Use(
            id=clip.id,
            purpose=clip.permit.request.purpose,
            language=clip.permit.request.language,
            made_at=clip.made_at,
            seconds=round(clip.seconds, 1),
            fetched=bool(entries(about=clip.id, event=Event.CLIP_RELEASED, limit=1)),
            stopped=clip.unreleasable_since is not None,
        )
