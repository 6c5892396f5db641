"""The vault: samples, transcripts, references and prepared voices, sealed under their speaker's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from safety import duplicates, rotation
from safety.comparison import VoiceEmbedding
from safety.ports import ModelIdentity
from synth_adapter.decoding import decode
from synth_adapter.ports import EngineRelease, TranscribedSample
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.destroyed import Destroyed
from tenancy.ids import new_id
from voices.errors import VoiceError
from voices.models import PreparedVoice, Reference, Sample, Voice, VoiceStatus

SAMPLE, TRANSCRIPT, REFERENCE, PREPARED = "sample", "sample-transcript", "voice-reference", "prepared-voice"


def seal_sample(voice: Voice, audio: bytes, *, sample_id: UUID) -> str:
    """Seal a sample's bytes; returns the name of the blob."""
    return blobs.put(audio, subject_id=voice.speaker_id, kind=SAMPLE, object_id=sample_id)


def open_sample(voice: Voice, sample: Sample) -> Waveform:
    """A sample's sound."""
    return decode(blobs.get(sample.blob, subject_id=voice.speaker_id, kind=SAMPLE, object_id=sample.id)).waveform


def seal_transcript(voice: Voice, sample: Sample, text: str) -> None:
    """Seal the words of a sample."""
    subject = voice.speaker_id
    sample.transcript_blob = blobs.put(text.encode(), subject_id=subject, kind=TRANSCRIPT, object_id=sample.id)
    sample.save(update_fields=["transcript_blob"])


def open_samples(voice: Voice) -> list[TranscribedSample]:
    """Every sample with its words, in order, but those that were left out of the reference.

    Raises:
        VoiceError: they were not transcribed yet, or were erased.
    """
    opened = []
    for sample in voice.samples.filter(left_out=""):
        if not (sample.blob and sample.transcript_blob):
            raise VoiceError("samples-not-kept", "The samples of this voice are not in the vault; enrol it again.")
        words = blobs.get(
            sample.transcript_blob, subject_id=voice.speaker_id, kind=TRANSCRIPT, object_id=sample.id
        ).decode()
        opened.append(TranscribedSample(waveform=open_sample(voice, sample), transcript=words))
    return opened


def seal_reference(voice: Voice, embedding: VoiceEmbedding) -> list[Reference]:
    """Seal what every encoder heard, in the organisation's rotated spaces, one reference for each model."""
    references = []
    for part in embedding.parts:
        reference_id = new_id()
        plain = rotation.pack(part)
        references.append(
            Reference(
                id=reference_id,
                organisation_id=voice.organisation_id,
                voice=voice,
                blob=blobs.put(plain, subject_id=voice.speaker_id, kind=REFERENCE, object_id=reference_id),
                model_name=part.model.name,
                model_sha256=part.model.sha256,
                seconds=embedding.seconds,
                bandwidth_hz=embedding.bandwidth_hz,
            )
        )
    return Reference.objects.bulk_create(references)


def replace_reference(voice: Voice, embedding: VoiceEmbedding) -> list[Reference]:
    """Seal new references in place of all earlier ones, whichever models made those; they go once this is committed."""
    earlier = list(voice.references.values_list("blob", flat=True))
    voice.references.all().delete()
    _delete_on_commit(earlier)
    return seal_reference(voice, embedding)


def open_reference(voice: Voice, *, models: Sequence[ModelIdentity]) -> VoiceEmbedding:
    """The enrolled voice as exactly these models heard it; raises `VoiceError` where one of them did not.

    It comes in the organisation's rotated spaces: compare it with a probe that went through `safety.rotation.alike`.
    """
    kept = [_kept_reference(voice, model) for model in models]
    parts = [
        rotation.unpack(
            blobs.get(reference.blob, subject_id=voice.speaker_id, kind=REFERENCE, object_id=reference.id), model=model
        )
        for model, reference in zip(models, kept, strict=True)
    ]
    return VoiceEmbedding(
        parts=tuple(parts),
        seconds=min(reference.seconds or 0.0 for reference in kept),
        bandwidth_hz=min(reference.bandwidth_hz or 0.0 for reference in kept),
    )


def _kept_reference(voice: Voice, model: ModelIdentity) -> Reference:
    """One from before length and bandwidth were kept is none: without them no score can be weighed."""
    usable = voice.references.exclude(blob="").filter(seconds__isnull=False, bandwidth_hz__isnull=False)
    reference = usable.filter(model_name=model.name, model_sha256=model.sha256).first()
    if reference is None:
        known = ", ".join(voice.references.exclude(blob="").values_list("model_name", flat=True))
        message = f"This voice has no reference by {model.name} ({model.sha256[:12]}…), only by: {known or 'none'}."
        raise VoiceError("reference-other-model" if known else "reference-missing", f"{message} Enrol it again.")
    return reference


def seal_prepared(
    voice: Voice, artefact: bytes, *, release: EngineRelease, evidence: Mapping[str, Any]
) -> PreparedVoice:
    """Seal what an engine learnt; one that was there before makes way."""
    earlier = PreparedVoice.objects.filter(voice=voice).first()
    prepared_id = new_id() if earlier is None else earlier.id
    if earlier is not None:
        _delete_on_commit([earlier.blob])
    prepared, _ = PreparedVoice.objects.update_or_create(
        id=prepared_id,
        defaults={
            "organisation_id": voice.organisation_id,
            "voice": voice,
            "blob": blobs.put(artefact, subject_id=voice.speaker_id, kind=PREPARED, object_id=prepared_id),
            "engine_release": {
                **asdict(release),
                "models": dict(release.models),
                "languages": sorted(release.languages),
            },
            "evidence": dict(evidence),
        },
    )
    return prepared


def open_prepared(voice: Voice) -> bytes:
    """What the engine learnt of a voice; raises `VoiceError` where there is nothing."""
    prepared = PreparedVoice.objects.filter(voice=voice).exclude(blob="").first()
    if prepared is None:
        raise VoiceError("voice-not-prepared", "No engine has prepared this voice; wait for it, or enrol it again.")
    return blobs.get(prepared.blob, subject_id=voice.speaker_id, kind=PREPARED, object_id=prepared.id)


def discard_samples(voice: Voice) -> None:
    """Delete samples and their transcripts once this is committed; hashes and measures stay."""
    names = [name for pair in voice.samples.values_list("blob", "transcript_blob") for name in pair]
    voice.samples.update(blob="", transcript_blob="")
    _delete_on_commit(names)


def erase(voice: Voice) -> list[Destroyed]:
    """Delete everything that sounds like the speaker, once this is committed; the voice is erased for good."""
    locked = Voice.objects.select_for_update().get(id=voice.id)
    found = [*_kept(locked), *duplicates.forget(locked.id)]
    discard_samples(locked)
    names = [*locked.references.values_list("blob", flat=True)]
    names += PreparedVoice.objects.filter(voice=locked).values_list("blob", flat=True)
    locked.references.update(blob="")
    PreparedVoice.objects.filter(voice=locked).update(blob="")
    _delete_on_commit(names)
    locked.status = VoiceStatus.ERASED
    locked.save(update_fields=["status", "changed_at"])
    voice.status = locked.status
    return found


def _kept(voice: Voice) -> list[Destroyed]:
    """Everything of a voice that lies in storage, with the hashes that are on record."""
    found = []
    for sample in voice.samples.all():
        found += [Destroyed(SAMPLE, sample.id, sample.sha256)] if sample.blob else []
        found += [Destroyed(TRANSCRIPT, sample.id)] if sample.transcript_blob else []
    found += [Destroyed(REFERENCE, reference.id) for reference in voice.references.exclude(blob="").order_by("id")]
    prepared = PreparedVoice.objects.filter(voice=voice).exclude(blob="")
    return found + [Destroyed(PREPARED, artefact.id) for artefact in prepared]


def _delete_on_commit(names: list[str]) -> None:
    for name in filter(None, names):
        transaction.on_commit(partial(blobs.delete, name), robust=True)
