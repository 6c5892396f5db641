"""Duplicates: whether the same voice is enrolled already, by another person or by another organisation.

References lie rotated by a secret of each organisation, so that nobody can match them across organisations. Here lies
a second copy of each, sealed under a key of the platform's own; an organisation learns of it nothing but whether
somebody else's voice sounds like this one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

import numpy as np
from django.db import connection

from safety.calibration import SPEECH, Calibration
from safety.comparison import Embedding, VoiceEmbedding, compare
from safety.errors import ComparisonError
from safety.models import EnrolledVoice
from safety.platform_key import platform_key
from safety.ports import ModelIdentity
from tenancy.destroyed import Destroyed
from tenancy.ids import new_id
from tenancy.scope import current_organisation, platform_scope
from tenancy.sealing import SealingKey, open_under, seal_under

KIND = "duplicate-reference"
CHUNK = 500
_LOCK = "vivavoce/duplicates"

Answer = Literal["nobody", "somebody", "unsearched"]
"""`unsearched`: nobody was found, but some were enrolled with other encoders and could not be compared."""


@dataclass(frozen=True)
class Likeness:
    """Another enrolled voice that sounds like the one in question, and how much: for the platform's operator alone."""

    organisation_id: UUID
    voice_id: UUID
    llr: float


def look_for(voice: VoiceEmbedding, *, speaker_id: UUID, calibration: Calibration) -> Answer:
    """Whether somebody else, here or in another organisation, is enrolled with this voice.

    The speaker's own other voices in the organisation in scope do not count. Whoever asks keeps others from asking and
    registering until the end of the transaction, so that of two enrolments at once the second finds the first.

    Raises:
        ComparisonError: the voice is rotated, or was not heard by exactly the calibration's encoders.
        TamperedError: a stored copy was altered, or moved to another row.
    """
    _require_unrotated(voice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
    whose = (current_organisation(), speaker_id)
    found, unsearched = _search(voice, besides=whose, calibration=calibration)
    if found:
        return "somebody"
    return "unsearched" if unsearched else "nobody"


def others_like(voice_id: UUID, *, calibration: Calibration) -> list[Likeness]:
    """Whom a registered voice sounds like, most alike first; it looks across organisations: never for a member's eyes.

    Raises:
        ComparisonError: no such voice is registered with the encoders of the calibration.
    """
    with platform_scope():
        row = EnrolledVoice.objects.filter(voice_id=voice_id).first()
    if row is None or row.encoders != _named(calibration.models):
        raise ComparisonError("No such voice is registered with the encoders of today: run manage.py reenrol.")
    voice = _open(row, key=platform_key(KIND))
    return _search(voice, besides=(row.organisation_id, row.speaker_id), calibration=calibration)[0]


def register(voice: VoiceEmbedding, *, speaker_id: UUID, voice_id: UUID) -> None:
    """Keep a copy of an enrolled voice of the organisation in scope; one that was there before makes way.

    Raises:
        ComparisonError: the voice is rotated; nobody could be compared with it.
    """
    _require_unrotated(voice)
    row = EnrolledVoice(
        id=new_id(),
        organisation_id=current_organisation(),
        speaker_id=speaker_id,
        voice_id=voice_id,
        encoders=_named(voice.models),
    )
    row.sealed = seal_under(platform_key(KIND), _pack(voice), context=_context(row))
    forget(voice_id)
    row.save(force_insert=True)


def forget(voice_id: UUID) -> list[Destroyed]:
    """Delete the copy of a voice of the organisation in scope; what was destroyed, for the certificate."""
    rows = EnrolledVoice.objects.filter(voice_id=voice_id, organisation_id=current_organisation())
    found = [Destroyed(KIND, row_id) for row_id in rows.values_list("id", flat=True)]
    rows.delete()
    return found


def least_llr(calibration: Calibration, *, among: int) -> float:
    """From which ratio on one of so many is held to be the same: prior odds of one in so many, within the cap.

    The match threshold serves one comparison; among N it rises by ln N, which keeps the expected number of false ones.
    """
    return min(calibration.point(SPEECH).match + math.log(max(1, among)), calibration.cap)


def _require_unrotated(voice: VoiceEmbedding) -> None:
    if any(part.space for part in voice.parts):
        raise ComparisonError("Give the voice as it was heard, not as it lies in an organisation's vault.")


def _search(
    voice: VoiceEmbedding, *, besides: tuple[UUID, UUID], calibration: Calibration
) -> tuple[list[Likeness], int]:
    """Everybody else's voices that are this one, most alike first, and how many could not be compared."""
    expected, key, ratios, unsearched = _named(voice.models), platform_key(KIND), [], 0
    for row in _rows():
        if (row.organisation_id, row.speaker_id) == besides:
            continue
        if row.encoders != expected:
            unsearched += 1
            continue
        llr = compare(voice, _open(row, key=key), calibration=calibration).llr
        ratios.append(Likeness(row.organisation_id, row.voice_id, llr))
    least = least_llr(calibration, among=len(ratios))
    found = [likeness for likeness in ratios if likeness.llr >= least]
    return sorted(found, key=lambda likeness: -likeness.llr), unsearched


def _rows() -> Iterator[EnrolledVoice]:
    """All copies of the platform; what the caller does with one happens outside the platform's scope."""
    last = UUID(int=0)
    while True:
        with platform_scope():
            rows = list(EnrolledVoice.objects.filter(id__gt=last).order_by("id")[:CHUNK])
        if not rows:
            return
        yield from rows
        last = rows[-1].id


def _pack(voice: VoiceEmbedding) -> bytes:
    """Little-endian float32: seconds, bandwidth, the length of each vector, and the vectors, by their models' names."""
    vectors = [part.vector for part in sorted(voice.parts, key=lambda part: part.model.name)]
    figures = np.array([voice.seconds, voice.bandwidth_hz, *map(len, vectors)])
    return np.concatenate([figures, *vectors]).astype("<f4").tobytes()


def _open(row: EnrolledVoice, *, key: SealingKey) -> VoiceEmbedding:
    numbers = np.frombuffer(open_under(key, bytes(row.sealed), context=_context(row)), dtype="<f4").astype(np.float32)
    start = 2 + len(row.encoders)
    ends = np.cumsum(numbers[2:start].astype(int))
    vectors = np.split(numbers[start:], ends[:-1])
    models = (ModelIdentity(**encoder) for encoder in row.encoders)
    parts = tuple(Embedding(model, vector) for model, vector in zip(models, vectors, strict=True))
    return VoiceEmbedding(parts, seconds=float(numbers[0]), bandwidth_hz=float(numbers[1]))


def _named(models: Sequence[ModelIdentity]) -> list[dict[str, str]]:
    return [asdict(model) for model in sorted(models, key=lambda model: model.name)]


def _context(row: EnrolledVoice) -> bytes:
    return f"vivavoce|{KIND}|{row.organisation_id}|{row.speaker_id}|{row.voice_id}|{row.id}".encode()
