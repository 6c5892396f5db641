"""What the schedule says of every consent of the organisation in scope: what must go, since when, and by which law."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Q, QuerySet

from consent.models import CeremonyRecording, ConsentRecord, ConsentStatus
from consent.succession import ENDED, heir_of
from governance import legal_holds
from governance.models import Detection
from governance.retention.interactions import last_interaction
from governance.retention.schedule import Case, Due, schedule, shortest
from tenancy.keyring import subject_key_exists
from voices.models import Voice, VoiceStatus

_CALENDAR = timedelta(days=5)  # months and years differ in length: rather look at a consent too many


@dataclass(frozen=True)
class Item:
    """One thing to destroy: the voice or the proof behind a consent."""

    what: Literal["voice", "proof"]
    consent_id: UUID
    speaker_id: UUID
    due: Due


def items(*, speaker_id: UUID) -> Iterator[Item]:
    """Everything of one speaker that has a date of destruction, due or not, and is not gone."""
    for consent in ConsentRecord.objects.filter(speaker_id=speaker_id).order_by("id"):
        yield from items_of(consent)


def due_by(until: datetime) -> Iterator[Item]:
    """Everything of the organisation that falls due by then."""
    for consent in _candidates(until).iterator():
        yield from (item for item in items_of(consent) if item.due.at <= until)


def _candidates(until: datetime) -> QuerySet[ConsentRecord]:
    """All but the consents that stand and whose speakers were certainly heard of too lately for any rule."""
    everyone = schedule().applying(())
    _, silence = shortest(everyone, term=lambda rule: rule.biometric.get("inactivity"))
    lately = until - (silence.after(until) - until) + _CALENDAR
    stands = ~Q(status__in=ENDED) & (Q(given_at__gt=lately) | Q(notice_shown_at__gt=lately))
    return ConsentRecord.objects.filter(~stands, proof_destroyed_at__isnull=True).order_by("id")


def items_of(consent: ConsentRecord) -> list[Item]:
    """What is to be destroyed of one consent, as things stand."""
    case = _case(consent)
    found = []
    if holds_voice(consent):
        found.append(Item("voice", consent.id, consent.speaker_id, schedule().biometric(case)))
    proof = schedule().proof(case)
    if proof is not None and consent.proof_destroyed_at is None:
        found.append(Item("proof", consent.id, consent.speaker_id, proof))
    return found


def holds_voice(consent: ConsentRecord) -> bool:
    """Whether anything that sounds like the speaker is kept under this consent, or a key that could still open it."""
    recordings = CeremonyRecording.objects.filter(consent=consent).filter(~Q(blob="") | ~Q(embedding_blob=""))
    if recordings.exists() or Voice.objects.filter(consent=consent).exclude(status=VoiceStatus.ERASED).exists():
        return True
    others = ConsentRecord.objects.filter(speaker_id=consent.speaker_id).exclude(id=consent.id)
    alone = not others.exclude(status__in=ENDED).exists()
    return alone and subject_key_exists(subject_id=consent.speaker_id)


def overdue_uploads(at: datetime) -> list[Detection]:
    """Uploads to the detector whose sound should have been deleted by now."""
    kept = Detection.objects.exclude(blob="").order_by("id")
    return [upload for upload in kept if schedule().detection_uploads.after(upload.received_at) <= at]


def _case(consent: ConsentRecord) -> Case:
    held = legal_holds.held(consent.speaker_id)
    withdrawn = heir_of(consent).status == ConsentStatus.WITHDRAWN
    return Case(
        jurisdictions=tuple(consent.jurisdictions),
        last_interaction_at=last_interaction(consent.speaker_id),
        ended_at=_end_of(consent),
        ended_by="withdrawal" if withdrawn else "purpose",
        proof_held=held.proof,
        biometric_held=held.biometric,
    )


def _end_of(consent: ConsentRecord) -> datetime | None:
    """When the consent ended; one whose time is over has ended, whether or not a task has said so yet.

    One whose place another took has not ended before that one: it is proof of what was made with the voice till then.
    """
    heir = heir_of(consent)
    if heir.status in ENDED:
        return heir.ended_at or heir.valid_until
    return None
