"""What other rooms may ask about consents."""

from __future__ import annotations

from uuid import UUID

from consent import evidence
from consent.errors import ConsentError
from consent.models import CeremonyRecording, ConsentRecord, RecordingStatus
from consent.scope import ConsentScope
from safety.comparison import Embedding
from safety.ports import SpeakerEncoder


def scope_of(consent_id: UUID) -> ConsentScope | None:
    """The scope of a consent as it stands now; None where there is no such consent in the organisation at hand."""
    consent = ConsentRecord.objects.filter(id=consent_id).first()
    if consent is None:
        return None
    return ConsentScope(
        status=consent.status,
        purposes=frozenset(consent.purposes.values_list("purpose", flat=True)),
        languages=frozenset(consent.languages),
        valid_until=consent.valid_until,
    )


def ceremony_embedding(consent_id: UUID, *, encoder: SpeakerEncoder) -> Embedding:
    """The voice that said yes, as `encoder` hears it; raises `ConsentError` where no accepted recording is."""
    recording = CeremonyRecording.objects.filter(consent_id=consent_id, status=RecordingStatus.ACCEPTED).first()
    if recording is None:
        raise ConsentError("consent-not-active", "No accepted ceremony recording stands behind this consent.")
    return evidence.open_embedding(recording, encoder=encoder)
