"""What other rooms may ask about consents."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from consent import evidence
from consent.errors import ConsentError
from consent.models import CeremonyRecording, ConsentRecord, RecordingStatus, Representative, RepresentativeStatus
from consent.scope import ConsentScope
from consent.verdict import MAY_BE_SYNTHETIC
from safety.comparison import VoiceEmbedding
from safety.ports import SpeakerEncoder, SpoofDetector, SpoofFinding


def scope_of(consent_id: UUID) -> ConsentScope | None:
    """The scope of a consent as it stands now; None where there is no such consent in the organisation at hand."""
    consent = ConsentRecord.objects.filter(id=consent_id).first()
    if consent is None:
        return None
    return ConsentScope(
        status=consent.status,
        purposes=frozenset(purposes_of(consent)),
        languages=frozenset(consent.languages),
        valid_until=consent.valid_until,
    )


def purposes_of(consent: ConsentRecord) -> set[str]:
    """The purposes that a consent names and that the speaker has not taken back."""
    return set(consent.purposes.filter(taken_back_at__isnull=True).values_list("purpose", flat=True))


def ceremony_embedding(consent_id: UUID, *, encoders: Sequence[SpeakerEncoder]) -> VoiceEmbedding | None:
    """The voice that said yes, as `encoders` hear it; None where a representative said it, whose voice does not count.

    Raises:
        ConsentError: no accepted recording stands behind the consent, and no representative.
    """
    if _given_by_representative(consent_id):
        return None
    return evidence.open_embedding(_accepted(consent_id), encoders=encoders)


def ceremony_living_voice(consent_id: UUID, *, detector: SpoofDetector) -> SpoofFinding | None:
    """Whether a living person said yes: heard again, so that no older opinion decides; inconclusive without the sound.

    None where a person decided it: a reviewer who listened to this very doubt, or one who accepted a representative.

    Raises:
        ConsentError: no accepted recording stands behind the consent, and no representative.
    """
    if _given_by_representative(consent_id) or MAY_BE_SYNTHETIC in _reviewed(consent_id):
        return None
    recording = _accepted(consent_id)
    return detector.listen(evidence.open_recording(recording)) if recording.blob else detector.pooled([])


def _given_by_representative(consent_id: UUID) -> bool:
    found = Representative.objects.filter(consent_id=consent_id, status=RepresentativeStatus.ACCEPTED)
    return found.exists()


def _reviewed(consent_id: UUID) -> list[str]:
    """The rules that held the recording which a reviewer then approved."""
    said = ConsentRecord.objects.values_list("evidence", flat=True).filter(id=consent_id).first() or {}
    return list(said.get("review", {}).get("rules", []))


def _accepted(consent_id: UUID) -> CeremonyRecording:
    recording = CeremonyRecording.objects.filter(consent_id=consent_id, status=RecordingStatus.ACCEPTED).first()
    if recording is None:
        raise ConsentError("consent-not-active", "No accepted ceremony recording stands behind this consent.")
    return recording
