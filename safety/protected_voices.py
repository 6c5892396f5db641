"""Protected voices: people who must not be cloned, found by how they sound and by what they are called.

Embeddings lie sealed under the key management's own key, because the platform's list belongs to no organisation.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string
from numpy.typing import NDArray

from audit.events import Event
from audit.log import append
from safety.comparison import Embedding, Outcome, compare, operating_point
from safety.models import ProtectedVoice
from safety.ports import ModelIdentity
from tenancy.ids import new_id
from tenancy.ports import KeyManagement
from tenancy.scope import current_organisation


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
    action: Literal["deny", "hold"],
    embedding: NDArray[np.float32],
    model: ModelIdentity,
    platform: bool = False,
) -> ProtectedVoice:
    """Put a person on the organisation's list, or (in `platform_scope`) on the platform's, which all inherit."""
    voice_id = new_id()
    plain = np.ascontiguousarray(Embedding(model, embedding).vector, dtype="<f4").tobytes()
    protected = ProtectedVoice.objects.create(
        id=voice_id,
        organisation_id=None if platform else current_organisation(),
        name=name,
        reason=reason,
        action=action,
        embedding=_key_management().wrap(plain, context=_context(voice_id)),
        model_name=model.name,
        model_sha256=model.sha256,
    )
    if not platform:
        append(Event.PROTECTED_VOICE_ADDED, refs={"protected_voice": voice_id}, data={"action": action})
    return protected


def screen(embedding: NDArray[np.float32], *, model: ModelIdentity) -> tuple[ProtectedMatch, ...]:
    """Everyone on the lists who may be this speaker, most alike first; those who clearly are not are left out.

    References of another model cannot be compared: whoever is listed by another model alone is not found.
    """
    probe, point = Embedding(model, embedding), operating_point(model, probe="whole")
    management = _key_management()
    found = []
    for listed in _listed().filter(model_name=model.name, model_sha256=model.sha256):
        plain = management.unwrap(bytes(listed.embedding), context=_context(listed.id))
        reference = Embedding(model, np.frombuffer(plain, dtype="<f4").astype(np.float32))
        comparison = compare(probe, reference, point=point)
        if comparison.outcome != "no_match":
            found.append(ProtectedMatch(listed.id, listed.name, listed.action, comparison.score, comparison.outcome))
    return tuple(sorted(found, key=lambda match: -match.score))


def screen_name(name: str) -> tuple[ProtectedMatch, ...]:
    """Everyone on the lists who bears this name; a namesake may be another person, so it never is a sure match."""
    wanted = _plain(name)
    bearers = [listed for listed in _listed() if _plain(listed.name) == wanted]
    return tuple(ProtectedMatch(found.id, found.name, found.action, 1.0, "inconclusive") for found in bearers)


def _listed() -> models.QuerySet[ProtectedVoice]:
    return ProtectedVoice.objects.filter(removed_at__isnull=True)


def _plain(name: str) -> str:
    """A name without case, accents and doubled spaces."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def _key_management() -> KeyManagement:
    backend: KeyManagement = import_string(settings.KEY_MANAGEMENT)()
    return backend


def _context(voice_id: UUID) -> bytes:
    return f"vivavoce|protected-voice|{voice_id}".encode()
