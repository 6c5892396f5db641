"""Representatives: somebody says yes for a speaker who cannot, shows in what right, and always waits for a person."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import evidence, outcome
from consent.errors import ConsentError
from consent.held import NEW_REQUEST, REFUSED_BY_REVIEWER
from consent.models import Capacity, ConsentRecord, ConsentStatus, Representative, RepresentativeStatus
from consent.reasons import Reason
from consent.succession import lock_consents
from tenancy.ids import new_id

MOST_BYTES = 10 * 1024 * 1024
LEAST_STATEMENT = 20
LONGEST_NAME = 200
DOCUMENTS = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}
HELD = Reason(
    "representative-named",
    "hold",
    "Somebody says yes for a speaker who cannot.",
    "A person looks at their right to do so and decides; nothing else has to be done now.",
)


def name_representative(
    consent: ConsentRecord, *, name: str, capacity: str, statement: str, document: bytes
) -> Representative:
    """Put on record who says yes for the speaker, and seal their document; a reviewer decides.

    Raises:
        ConsentError: representative-incomplete, document-unsupported, or the consent has been decided or waits already.
    """
    current = ConsentRecord.objects.select_for_update().get(id=consent.id)
    if current.status != ConsentStatus.REQUESTED:
        raise ConsentError("consent-already-decided", f"This consent is {current.status}; ask for a new one.")
    if current.notice_shown_at is None:
        raise ConsentError("consent-transition", "Show the notice before anybody says yes to it.")
    if Representative.objects.filter(consent=current, status=RepresentativeStatus.HELD).exists():
        raise ConsentError("representative-waits", "A representative was named already and waits for an answer.")
    _require_complete(name=name, capacity=capacity, statement=statement)
    representative = Representative(
        id=new_id(),
        organisation_id=current.organisation_id,
        consent=current,
        name=" ".join(name.split()),
        capacity=capacity,
        statement=statement.strip(),
        document_type=_kind_of(document),
        document_sha256=hashlib.sha256(document).hexdigest(),
        reasons=[HELD.as_json()],
    )
    evidence.seal_document(representative, document)
    representative.save(force_insert=True)
    data = {"capacity": capacity, "document_sha256": representative.document_sha256}
    append(Event.CONSENT_REPRESENTATIVE_NAMED, refs=_refs(representative), data=data)
    return representative


def waiting() -> QuerySet[Representative]:
    """Representatives of consents that may still be given, oldest first."""
    found = Representative.objects.filter(
        status=RepresentativeStatus.HELD,
        consent__status=ConsentStatus.REQUESTED,
        consent__valid_until__gt=timezone.now(),
    )
    return found.select_related("consent__speaker").order_by("named_at", "id")


def approve(representative_id: UUID, *, review: dict[str, Any]) -> Representative:
    """Give the consent in the representative's name; evidence and receipt say so.

    Raises:
        ConsentError: consent-already-decided, or the consent cannot be given any more.
    """
    representative = _lock(representative_id)
    consent = representative.consent
    said = {
        "id": str(representative.id),
        "name": representative.name,
        "capacity": representative.capacity,
        "statement": representative.statement,
        "document_sha256": representative.document_sha256,
    }
    outcome.give(consent, evidence={"representative": said, "review": review, "notice_sha256": consent.notice_sha256})
    return _end(representative, RepresentativeStatus.ACCEPTED, [])


def refuse(representative_id: UUID, *, words: str) -> Representative:
    """Refuse at a reviewer's word, which the representative reads; the document is deleted.

    Raises:
        ConsentError: consent-already-decided.
    """
    representative = _lock(representative_id)
    evidence.discard_document(representative)
    text = f"A person looked at it and did not accept the representative: {words}"
    reason = Reason(REFUSED_BY_REVIEWER, "deny", text, NEW_REQUEST)
    append(Event.CONSENT_REPRESENTATIVE_REFUSED, refs=_refs(representative), data={"rules": [reason.rule]})
    return _end(representative, RepresentativeStatus.REFUSED, [reason.as_json()])


def _end(representative: Representative, status: str, reasons: list[dict[str, Any]]) -> Representative:
    representative.status, representative.reasons = status, reasons
    representative.decided_at = timezone.now()
    representative.save()
    return representative


def _lock(representative_id: UUID) -> Representative:
    lock_consents(Representative.objects.values_list("consent__speaker_id", flat=True).get(id=representative_id))
    found = waiting().filter(id=representative_id).first()
    if found is None:
        raise ConsentError("consent-already-decided", "This representative does not wait any more.")
    return found


def _require_complete(*, name: str, capacity: str, statement: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise ConsentError("representative-incomplete", "Say the full name of the representative.")
    if capacity not in Capacity.values:
        known = ", ".join(Capacity.values)
        raise ConsentError("representative-incomplete", f"Say in what right they speak: {known}.")
    if len(statement.strip()) < LEAST_STATEMENT:
        text = "Say in a sentence or two why they speak for the speaker, and that they agree to the notice."
        raise ConsentError("representative-incomplete", text)


def _kind_of(document: bytes) -> str:
    """The media type by its first bytes, whatever its name claims."""
    if len(document) > MOST_BYTES:
        raise ConsentError("document-unsupported", f"The document has at most {MOST_BYTES // 1024**2} MB.")
    found = next((kind for start, kind in DOCUMENTS.items() if document.startswith(start)), None)
    if found is None:
        raise ConsentError("document-unsupported", "The document is a PDF, a PNG or a JPEG.")
    return found


def _refs(representative: Representative) -> dict[str, UUID]:
    return {"consent": representative.consent_id, "speaker": representative.consent.speaker_id}
