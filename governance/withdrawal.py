"""Withdrawal: one act that ends the consent and everything that stood on it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from consent import lifecycle
from consent.errors import ConsentError
from consent.models import ConsentRecord, ConsentStatus
from consent.succession import heir_of, lock_consents
from governance.erasure import erase
from governance.errors import UnderAgeError
from governance.models import DestructionCertificate

REASON = "consent-withdrawn"


@dataclass(frozen=True)
class Withdrawn:
    """What was done, counted, so that the speaker can be told; the certificate says it item by item."""

    voices_erased: int
    permits_voided: int
    clips_made_unreleasable: int
    key_shredded: bool
    certificate: DestructionCertificate


def withdraw(consent_id: UUID) -> Withdrawn:
    """End a consent at the speaker's word; raises `ConsentError` when there is nothing to withdraw.

    Where another has taken its place, that one ends: a speaker who takes back their yes with an older receipt means
    what stands now. Requests that would take its place end as well, even if a recording is being checked.
    """
    speaker_id = ConsentRecord.objects.values_list("speaker_id", flat=True).get(id=consent_id)
    consent = heir_of(next(found for found in lock_consents(speaker_id) if found.id == consent_id))
    lifecycle.withdraw(consent)
    certificate = erase(speaker_id, reason=REASON, consent_id=consent.id)
    destroyed = certificate.body["destroyed"]
    return Withdrawn(
        voices_erased=destroyed["voices_erased"],
        permits_voided=destroyed["permits_voided"],
        clips_made_unreleasable=destroyed["clips_stopped"],
        key_shredded=certificate.key_shredded,
        certificate=certificate,
    )


def end_under_age(consent_id: UUID) -> NoReturn:
    """End the ceremony of somebody who is not 18, and keep nothing of them; what was done is kept.

    Raises:
        UnderAgeError: always, since nothing can follow.
    """
    withdraw(consent_id)
    raise UnderAgeError(
        "You must be 18 or older to say yes by yourself. Nothing of you is kept but that you were asked."
    )


def refuse(consent_id: UUID) -> DestructionCertificate:
    """Say no to a request; what stands already stays. Raises `ConsentError` when it has been decided."""
    speaker_id = ConsentRecord.objects.values_list("speaker_id", flat=True).get(id=consent_id)
    consent = next(found for found in lock_consents(speaker_id) if found.id == consent_id)
    if consent.status != ConsentStatus.REQUESTED:
        raise ConsentError("consent-already-decided", f"This consent is {consent.status}; look at it again.")
    lifecycle.withdraw(consent)
    return erase(speaker_id, reason=REASON, consent_id=consent_id)
