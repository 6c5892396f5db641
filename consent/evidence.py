"""The sealed evidence of a ceremony: the recording, and the voice heard in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from uuid import UUID

from django.db import transaction

from consent import heard_before
from consent.models import CeremonyRecording, Representative
from safety import rotation
from safety.comparison import VoiceEmbedding
from safety.hearing import embed_voice
from safety.packing import pack_voice, unpack_voice
from safety.ports import SpeakerEncoder
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.destroyed import Destroyed

RECORDING_KIND = "ceremony-recording"
EMBEDDING_KIND = "ceremony-embedding"
DOCUMENT_KIND = "representative-document"


def seal_recording(recording: CeremonyRecording, audio: bytes) -> None:
    """Seal the audio; the caller saves the row."""
    subject = recording.consent.speaker_id
    recording.blob = blobs.put(audio, subject_id=subject, kind=RECORDING_KIND, object_id=recording.id)


def open_recording(recording: CeremonyRecording) -> Waveform:
    """The sound of a recording that is still kept."""
    subject = recording.consent.speaker_id
    return decode(blobs.get(recording.blob, subject_id=subject, kind=RECORDING_KIND, object_id=recording.id)).waveform


def seal_embedding(recording: CeremonyRecording, voice: VoiceEmbedding) -> None:
    """Seal the voice in the organisation's rotated spaces, with the models that heard it; the caller saves the row."""
    plain = pack_voice(voice)
    subject = recording.consent.speaker_id
    recording.embedding_blob = blobs.put(plain, subject_id=subject, kind=EMBEDDING_KIND, object_id=recording.id)
    recording.embedding_models = [asdict(model) for model in voice.models]


def open_embedding(recording: CeremonyRecording, *, encoders: Sequence[SpeakerEncoder]) -> VoiceEmbedding:
    """The voice as `encoders` hear it, rotated: opened where just these models heard it before, else heard again."""
    if recording.embedding_models != [asdict(encoder.model) for encoder in encoders]:
        return rotation.rotate_voice(embed_voice(open_recording(recording), encoders=encoders))
    subject = recording.consent.speaker_id
    plain = blobs.get(recording.embedding_blob, subject_id=subject, kind=EMBEDDING_KIND, object_id=recording.id)
    return unpack_voice(plain)


def discard_recording(recording: CeremonyRecording) -> None:
    """Delete the sound of a refused recording and what was heard in it, once committed; the caller saves the row."""
    names = [recording.blob, recording.embedding_blob]
    recording.blob = recording.embedding_blob = ""
    recording.findings = {}
    for name in filter(None, names):
        transaction.on_commit(partial(blobs.delete, name))


def seal_document(representative: Representative, content: bytes) -> None:
    """Seal what a representative shows for their right; the caller saves the row."""
    subject = representative.consent.speaker_id
    representative.document_blob = blobs.put(
        content, subject_id=subject, kind=DOCUMENT_KIND, object_id=representative.id
    )


def open_document(representative: Representative) -> bytes:
    """The document of a representative, while it is kept."""
    subject = representative.consent.speaker_id
    return blobs.get(representative.document_blob, subject_id=subject, kind=DOCUMENT_KIND, object_id=representative.id)


def discard_document(representative: Representative) -> list[Destroyed]:
    """Delete the document once committed; its hash stays. The caller saves the row."""
    name, representative.document_blob = representative.document_blob, ""
    if not name:
        return []
    transaction.on_commit(partial(blobs.delete, name), robust=True)
    return [Destroyed(DOCUMENT_KIND, representative.id, representative.document_sha256)]


def erase(consent_id: UUID) -> list[Destroyed]:
    """Delete every recording of a consent, the voice heard in it, its fingerprint, and documents; hashes stay as proof.

    Files go once this is committed.
    """
    found = []
    for recording in CeremonyRecording.objects.select_for_update().filter(consent_id=consent_id).order_by("id"):
        kept = {RECORDING_KIND: (recording.blob, recording.sha256), EMBEDDING_KIND: (recording.embedding_blob, None)}
        for kind, (name, sha256) in kept.items():
            if name:
                found.append(Destroyed(kind, recording.id, sha256))
                transaction.on_commit(partial(blobs.delete, name), robust=True)
        found += heard_before.forget(recording.id)
        recording.blob = recording.embedding_blob = ""
        recording.findings, recording.fingerprinted_at = {}, None
        recording.save(update_fields=["blob", "embedding_blob", "findings", "fingerprinted_at"])
    for representative in Representative.objects.select_for_update().filter(consent_id=consent_id).order_by("id"):
        found += discard_document(representative)
        representative.save(update_fields=["document_blob"])
    return found
