"""The sealed evidence of a ceremony: the recording, and the voice heard in it."""

from __future__ import annotations

import numpy as np
from django.db import transaction

from consent.models import CeremonyRecording
from safety.comparison import Embedding, embed
from safety.ports import SpeakerEncoder
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy import blobs

RECORDING_KIND = "ceremony-recording"
EMBEDDING_KIND = "ceremony-embedding"


def seal_recording(recording: CeremonyRecording, audio: bytes) -> None:
    """Seal the audio; the caller saves the row."""
    subject = recording.consent.speaker_id
    recording.blob = blobs.put(audio, subject_id=subject, kind=RECORDING_KIND, object_id=recording.id)


def open_recording(recording: CeremonyRecording) -> Waveform:
    """The sound of a recording that is still kept."""
    subject = recording.consent.speaker_id
    return decode(blobs.get(recording.blob, subject_id=subject, kind=RECORDING_KIND, object_id=recording.id)).waveform


def seal_embedding(recording: CeremonyRecording, embedding: Embedding) -> None:
    """Seal the voice as little-endian float32, with the model that heard it; the caller saves the row."""
    plain = np.ascontiguousarray(embedding.vector, dtype="<f4").tobytes()
    subject = recording.consent.speaker_id
    recording.embedding_blob = blobs.put(plain, subject_id=subject, kind=EMBEDDING_KIND, object_id=recording.id)
    recording.embedding_model = {"name": embedding.model.name, "sha256": embedding.model.sha256}


def open_embedding(recording: CeremonyRecording, *, encoder: SpeakerEncoder) -> Embedding:
    """The voice as `encoder` hears it: opened where the same model made it, else heard again."""
    if recording.embedding_model != {"name": encoder.model.name, "sha256": encoder.model.sha256}:
        return embed(open_recording(recording), encoder=encoder)
    subject = recording.consent.speaker_id
    plain = blobs.get(recording.embedding_blob, subject_id=subject, kind=EMBEDDING_KIND, object_id=recording.id)
    return Embedding(encoder.model, np.frombuffer(plain, dtype="<f4").astype(np.float32))


def discard_recording(recording: CeremonyRecording) -> None:
    """Delete the audio of a refused recording once the refusal is committed; the caller saves the row."""
    name, recording.blob = recording.blob, ""
    if name:
        transaction.on_commit(lambda: blobs.delete(name))
