"""Protected voices: people who must not be cloned, found by how they sound and by what they are called.

Whether a likeness counts depends on how long the lists are (`safety.search.thresholds`); references lie sealed under
their list's key, because the platform's lists belong to no organisation. Lists are changed in `safety.lists`, by two
people; `add` and `remove` are the act itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from audit.events import Event
from audit.log import append
from safety import names
from safety.calibration import Outcome, calibration_for
from safety.comparison import VoiceEmbedding
from safety.errors import ComparisonError, ProtectionError
from safety.models import ProtectedList, ProtectedVoice, owned_by
from safety.search import asking, loading, sealed
from safety.search.shelf import Finding
from tenancy.ids import new_id
from tenancy.scope import current_organisation

Action = Literal["deny", "hold"]
DEFAULT_LIST = "Protected voices"


@dataclass(frozen=True)
class ProtectedMatch:
    """A likeness to somebody on a list: a finding, which the caller's policy turns into a consequence.

    `score` is the first encoder's cosine; by name alone it is 1 and there is no `finding`.
    """

    id: UUID
    name: str
    action: str
    score: float
    outcome: Outcome
    finding: Finding | None = None

    def figures(self) -> dict[str, float | str]:
        """What a reason shows a person: rounded."""
        shown: dict[str, float | str] = {"score": round(self.score, 3), "outcome": self.outcome}
        if self.finding is not None:
            shown |= {
                "llr": round(self.finding.llr, 2),
                "match_from": round(self.finding.match_from, 2),
                "list_size": self.finding.list_size,
            }
        return shown

    def as_json(self) -> dict[str, Any]:
        """Everything that is needed to judge this finding again."""
        by_name: dict[str, Any] = {"id": str(self.id), "outcome": self.outcome, "score": self.score, "by": "name"}
        return by_name if self.finding is None else {**by_name, **self.finding.as_json(), "by": "voice"}


def add(
    *,
    name: str,
    reason: str,
    action: Action,
    voice: VoiceEmbedding,
    platform: bool = False,
    aliases: Sequence[str] = (),
    source: str = "",
    expires_at: datetime | None = None,
    listing: ProtectedList | None = None,
) -> ProtectedVoice:
    """Put a person on the organisation's list, or (in `platform_scope`) on the platform's, which all inherit.

    Without `listing` it is the owner's first list, made when it is missing. The platform's lists are no
    organisation's record: only additions to an organisation's own are audited.

    Raises:
        ProtectionError: the name is blank, the action unknown, or the end lies in the past.
        ComparisonError: the voice is rotated, or nobody measured what its encoders' scores mean.
    """
    if not names.keys(name) or action not in get_args(Action):
        raise ProtectionError(f"Name the person, and say what to do: one of {', '.join(get_args(Action))}.")
    if expires_at is not None and expires_at <= timezone.now():
        raise ProtectionError("The protection would be over already: give an end in the future, or none.")
    calibration_for(voice.models)
    organisation_id = None if platform else current_organisation()
    listing = listing or default_list(platform=platform)
    if listing.organisation_id != organisation_id:
        raise ProtectionError("This list belongs to somebody else.")
    voice_id = new_id()
    protected = ProtectedVoice.objects.create(
        id=voice_id,
        organisation_id=organisation_id,
        listing=listing,
        name=" ".join(name.split()),
        aliases=list(aliases),
        name_keys=names.keys(name, *aliases),
        reason=reason,
        source=source or listing.source,
        action=action,
        embedding=sealed.seal_voice(
            sealed.open_key(listing), voice, voice_id=voice_id, organisation_id=organisation_id
        ),
        model_name=voice.parts[0].model.name,
        model_sha256=voice.parts[0].model.sha256,
        revision=next_revision(listing),
        expires_at=expires_at,
    )
    if not platform:
        append(Event.PROTECTED_VOICE_ADDED, refs={"protected_voice": voice_id}, data={"action": action})
    return protected


def remove(protected: ProtectedVoice) -> None:
    """Take a person off their list; the row stays, as a record, without the voice."""
    if protected.removed_at is not None:
        return
    protected.removed_at, protected.embedding = timezone.now(), b""
    if protected.listing is not None:
        protected.revision = next_revision(protected.listing)
    protected.save(update_fields=["removed_at", "embedding", "revision"])
    if protected.organisation_id is not None:
        append(Event.PROTECTED_VOICE_REMOVED, refs={"protected_voice": protected.id})


def remove_platform(*, name: str) -> int:
    """Take whoever bears this very name off the platform's lists (in `platform_scope`), for a newer recording."""
    listed = ProtectedVoice.objects.filter(organisation__isnull=True, name=name, removed_at__isnull=True)
    found = list(listed.select_related("listing"))
    for protected in found:
        remove(protected)
    return len(found)


def default_list(*, platform: bool) -> ProtectedList:
    """The owner's first list, made when it is missing; the platform's in `platform_scope`."""
    organisation_id = None if platform else current_organisation()
    found = ProtectedList.objects.filter(owned_by(organisation_id)).order_by("created_at", "id").first()
    if found is not None:
        return found
    list_id = new_id()
    return ProtectedList.objects.create(
        id=list_id,
        organisation_id=organisation_id,
        name=DEFAULT_LIST,
        owner="the platform's operator" if platform else "the organisation",
        wrapped_key=sealed.new_key(list_id, organisation_id=organisation_id),
    )


def next_revision(listing: ProtectedList) -> int:
    """The list's next revision; whoever takes one holds the list until their transaction ends."""
    ProtectedList.objects.filter(id=listing.id).update(revision=F("revision") + 1)
    return ProtectedList.objects.values_list("revision", flat=True).get(id=listing.id)


def screen(voice: VoiceEmbedding, *, questions: int = 1) -> tuple[ProtectedMatch, ...]:
    """Everyone on the lists who may be this speaker, the likeliest first; those who clearly are not are left out.

    Args:
        voice: as it was heard, unrotated.
        questions: how many are asked about the same recording; the more, the more it takes to be found by one.

    Raises:
        ComparisonError: nobody measured these encoders, or somebody is listed by others, so that it cannot be ruled
            out that this is them.
        SearchUnavailableError: the lists are long, and the search process does not answer.
        TamperedError: a stored reference was altered, or moved to another row or organisation.
    """
    calibration_for(voice.models)
    organisation_id = current_organisation()
    if any(part.space for part in voice.parts):
        raise ComparisonError("A rotated voice can be compared with nobody on the lists: screen it as it was heard.")
    if any(loading.unlisted(organisation_id=owner) for owner in (None, organisation_id)):
        raise ComparisonError(
            "Somebody was put on the list by one encoder alone, before several were used, and cannot be ruled out: "
            "list them again with `manage.py protect_voice` or `manage.py import_protected_voices`."
        )
    found = [one.as_one_of(questions) for one in asking.find(voice, organisation_id=organisation_id)]
    findings = [finding for finding in found if finding.outcome != "no_match"]
    rows = ProtectedVoice.objects.filter(_whose(), id__in=[finding.id for finding in findings]).in_bulk()
    if rows.keys() != {finding.id for finding in findings}:
        raise ComparisonError("The search found somebody who is on none of the lists here: search again.")
    return tuple(_match(rows[finding.id], finding) for finding in findings)


def screen_name(name: str) -> tuple[ProtectedMatch, ...]:
    """Everyone on the lists who may be called this; a namesake may be another person, so it never is a sure match."""
    wanted = names.keys(name)
    present = ProtectedVoice.objects.filter(_whose(), removed_at=None)
    present = present.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now())).order_by("id")
    bearers = list(present.filter(name_keys__overlap=wanted)) if wanted else []
    former = [row for row in present.filter(name_keys=[]) if not set(wanted).isdisjoint(names.keys(row.name))]
    return tuple(
        ProtectedMatch(found.id, found.name, found.action, 1.0, "inconclusive") for found in (*bearers, *former)
    )


def _match(row: ProtectedVoice, finding: Finding) -> ProtectedMatch:
    score = next(iter(finding.scores.values()))
    return ProtectedMatch(row.id, row.name, row.action, score, finding.outcome, finding)


def _whose() -> Q:
    """The organisation's lists and the platform's; without a scope half would be invisible, so it is demanded.

    The condition on the organisation repeats what row security ensures.
    """
    return Q(organisation_id=current_organisation()) | Q(organisation_id=None)
