"""Protected voices: people who must not be cloned, found by how they sound and by what they are called.

Embeddings lie sealed under the key management's own key, because the platform's list belongs to no organisation.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

import numpy as np
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from audit.events import Event
from audit.log import append
from safety.comparison import Embedding, Outcome, compare, operating_point
from safety.errors import ProtectionError
from safety.models import ProtectedVoice
from safety.ports import ModelIdentity
from tenancy.ids import new_id
from tenancy.keyring import key_management
from tenancy.scope import current_organisation

Action = Literal["deny", "hold"]


@dataclass(frozen=True)
class ProtectedMatch:
    """A likeness to somebody on a list: a finding, which the caller's policy turns into a consequence."""

    id: UUID
    name: str
    action: str
    score: float
    outcome: Outcome


def add(
    *,
    name: str,
    reason: str,
    action: Action,
    embedding: NDArray[np.float32],
    model: ModelIdentity,
    platform: bool = False,
) -> ProtectedVoice:
    """Put a person on the organisation's list, or (in `platform_scope`) on the platform's, which all inherit.

    The platform's list is no organisation's record: only additions to an organisation's own are audited.

    Raises:
        ProtectionError: the name is blank, or the action is unknown.
        ComparisonError: the embedding is not a unit vector.
    """
    if not _plain(name) or action not in get_args(Action):
        raise ProtectionError(f"Name the person, and say what to do: one of {', '.join(get_args(Action))}.")
    voice_id = new_id()
    organisation_id = None if platform else current_organisation()
    plain = np.ascontiguousarray(Embedding(model, embedding).vector, dtype="<f4").tobytes()
    protected = ProtectedVoice.objects.create(
        id=voice_id,
        organisation_id=organisation_id,
        name=name,
        reason=reason,
        action=action,
        embedding=key_management().wrap(plain, context=_context(voice_id, organisation_id)),
        model_name=model.name,
        model_sha256=model.sha256,
    )
    if not platform:
        append(Event.PROTECTED_VOICE_ADDED, refs={"protected_voice": voice_id}, data={"action": action})
    return protected


def remove_platform(*, name: str) -> int:
    """Take whoever bears this very name off the platform's list (in `platform_scope`), for a newer recording."""
    listed = ProtectedVoice.objects.filter(organisation__isnull=True, name=name, removed_at__isnull=True)
    return listed.update(removed_at=timezone.now())


def screen(embedding: NDArray[np.float32], *, model: ModelIdentity) -> tuple[ProtectedMatch, ...]:
    """Everyone on the lists who may be this speaker, most alike first; those who clearly are not are left out.

    Raises:
        ComparisonError: somebody is listed by another model, so that it cannot be ruled out that this is them.
        TamperedError: a stored reference was altered, or moved to another row or organisation.
    """
    probe, point = Embedding(model, embedding), operating_point(model, probe="whole")
    management = key_management()
    found = []
    for listed in _listed():
        plain = management.unwrap(bytes(listed.embedding), context=_context(listed.id, listed.organisation_id))
        maker = ModelIdentity(listed.model_name, listed.model_sha256)
        reference = Embedding(maker, np.frombuffer(plain, dtype="<f4").astype(np.float32))
        comparison = compare(probe, reference, point=point)
        if comparison.outcome != "no_match":
            found.append(ProtectedMatch(listed.id, listed.name, listed.action, comparison.score, comparison.outcome))
    return tuple(sorted(found, key=lambda match: -match.score))


def screen_name(name: str) -> tuple[ProtectedMatch, ...]:
    """Everyone on the lists who bears this name; a namesake may be another person, so it never is a sure match."""
    wanted = _plain(name)
    bearers = [listed for listed in _listed() if _plain(listed.name) == wanted]
    return tuple(ProtectedMatch(found.id, found.name, found.action, 1.0, "inconclusive") for found in bearers)


def _listed() -> list[ProtectedVoice]:
    """The organisation's list and the platform's; without a scope half of them would be invisible, so it is demanded.

    The condition on the organisation repeats what row security ensures.
    """
    whose = Q(organisation_id=current_organisation()) | Q(organisation_id=None)
    return list(ProtectedVoice.objects.filter(whose, removed_at=None).order_by("id"))


def _plain(name: str) -> str:
    """A name without case, accents and doubled spaces."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def _context(voice_id: UUID, organisation_id: UUID | None) -> bytes:
    return f"vivavoce|protected-voice|{organisation_id or 'platform'}|{voice_id}".encode()
