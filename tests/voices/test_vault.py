from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.files.storage import storages

from consent.models import ConsentRecord
from safety.comparison import VoiceEmbedding, compare
from safety.rotation import alike, rotate_voice
from synth_adapter.ports import EngineRelease
from tenancy import blobs, keyring
from tenancy.errors import KeyringError, ShreddedError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.embeddings import CALIBRATION, MODELS, random_voice
from voices import vault
from voices.enrolment import create_voice
from voices.errors import VoiceError
from voices.models import PreparedVoice, Reference, Voice

RELEASE = EngineRelease("local", "1", {"kokoro": "ab"}, 24_000, watermarks_natively=False, languages=frozenset({"en"}))


@pytest.fixture
def voice(given: ConsentRecord, amaras_speech: list[bytes]) -> Voice:
    return create_voice(consent_id=given.id, name="Amara", language="en", samples=amaras_speech[:2])


@pytest.fixture
def embedding() -> VoiceEmbedding:
    return random_voice(5, seconds=23.0)


def enrol_without_listening(voice: Voice, embedding: VoiceEmbedding) -> None:
    for sample in voice.samples.all():
        vault.seal_transcript(voice, sample, f"words of sample {sample.position}")
    vault.seal_reference(voice, embedding)
    vault.seal_prepared(voice, b"what the engine learnt", release=RELEASE, evidence={"likeness": 0.8})


def test_a_reference_comes_out_rotated_and_scores_as_it_went_in(voice: Voice, embedding: VoiceEmbedding) -> None:
    vault.seal_reference(voice, embedding)
    opened = vault.open_reference(voice, models=MODELS)
    assert (opened.models, opened.seconds, opened.bandwidth_hz) == (MODELS, 23.0, 8_000.0)
    for kept, plain in zip(opened.parts, embedding.parts, strict=True):
        assert abs(float(kept.vector @ plain.vector)) < 0.5
    comparison = compare(alike(embedding, to=opened), opened, calibration=CALIBRATION)
    assert comparison.scores == pytest.approx({"campplus": 1, "ge2e": 1}, abs=1e-5)


def test_a_reference_sealed_before_there_was_a_rotation_is_rotated_when_it_is_opened(
    voice: Voice, embedding: VoiceEmbedding
) -> None:
    reference, _ = vault.seal_reference(voice, embedding)
    plain = embedding.parts[0].vector.astype("<f4").tobytes()
    where = {"subject_id": voice.speaker_id, "kind": vault.REFERENCE, "object_id": reference.id}
    Reference.objects.filter(id=reference.id).update(blob=blobs.put(plain, **where))
    opened = vault.open_reference(voice, models=MODELS)
    expected = rotate_voice(embedding)
    assert float(opened.parts[0].vector @ expected.parts[0].vector) == pytest.approx(1, abs=1e-6)


def test_a_reference_whose_length_nobody_measured_is_none(voice: Voice, embedding: VoiceEmbedding) -> None:
    vault.seal_reference(voice, embedding)
    Reference.objects.update(seconds=None)
    with pytest.raises(VoiceError, match="Enrol it again"):
        vault.open_reference(voice, models=MODELS)


def test_what_lies_in_storage_tells_nothing(voice: Voice, embedding: VoiceEmbedding) -> None:
    vault.seal_reference(voice, embedding)
    with storages["blobs"].open(Reference.objects.earliest("id").blob) as file:
        sealed = file.read()
    assert embedding.parts[0].vector.tobytes()[:16] not in sealed


def test_a_reference_of_another_model_is_never_used(voice: Voice, embedding: VoiceEmbedding) -> None:
    vault.seal_reference(voice, embedding)
    with pytest.raises(VoiceError, match="Enrol it again") as caught:
        vault.open_reference(voice, models=[MODELS[0], replace(MODELS[1], sha256="0" * 64)])
    assert caught.value.code == "reference-other-model"


def test_a_voice_without_reference_says_so(voice: Voice) -> None:
    with pytest.raises(VoiceError) as caught:
        vault.open_reference(voice, models=MODELS)
    assert caught.value.code == "reference-missing"


def test_samples_come_out_in_order_with_their_words(voice: Voice, embedding: VoiceEmbedding) -> None:
    enrol_without_listening(voice, embedding)
    samples = vault.open_samples(voice)
    assert [sample.transcript for sample in samples] == ["words of sample 1", "words of sample 2"]
    assert [sample.waveform.seconds for sample in samples] == pytest.approx([4.555, 7.84])


def test_samples_without_words_are_not_offered_to_an_engine(voice: Voice) -> None:
    with pytest.raises(VoiceError) as caught:
        vault.open_samples(voice)
    assert caught.value.code == "samples-not-kept"


def test_preparing_again_replaces_what_was_learnt(
    voice: Voice, embedding: VoiceEmbedding, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    enrol_without_listening(voice, embedding)
    first = PreparedVoice.objects.get(voice=voice).blob
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        vault.seal_prepared(voice, b"better", release=RELEASE, evidence={})
    assert vault.open_prepared(voice) == b"better"
    assert not storages["blobs"].exists(first)


def test_erasing_deletes_everything_that_sounds_like_the_speaker(
    voice: Voice, embedding: VoiceEmbedding, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    enrol_without_listening(voice, embedding)
    names = [name for pair in voice.samples.values_list("blob", "transcript_blob") for name in pair]
    names += [
        *Reference.objects.filter(voice=voice).values_list("blob", flat=True),
        PreparedVoice.objects.get(voice=voice).blob,
    ]
    assert all(storages["blobs"].exists(name) for name in names)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        destroyed = vault.erase(voice)
    assert sorted(item.kind for item in destroyed) == [
        "prepared-voice",
        *["sample"] * 2,
        *["sample-transcript"] * 2,
        *["voice-reference"] * 2,
    ]
    assert {item.sha256 for item in destroyed if item.kind == "sample"} == set(
        voice.samples.values_list("sha256", flat=True)
    )
    assert not any(storages["blobs"].exists(name) for name in names)
    assert Voice.objects.get(id=voice.id).status == "erased"
    assert all(voice.samples.values_list("sha256", flat=True))
    for opening in (vault.open_samples, vault.open_prepared, lambda v: vault.open_reference(v, models=MODELS)):
        with pytest.raises(VoiceError):
            opening(voice)


def test_erasing_twice_does_no_harm(voice: Voice) -> None:
    assert len(vault.erase(voice)) == 2
    assert vault.erase(voice) == []
    assert voice.status == "erased"


def test_once_the_key_is_shredded_nothing_opens(voice: Voice, embedding: VoiceEmbedding) -> None:
    enrol_without_listening(voice, embedding)
    keyring.shred(subject_id=voice.speaker_id)
    for opening in (vault.open_samples, vault.open_prepared, lambda v: vault.open_reference(v, models=MODELS)):
        with pytest.raises(ShreddedError):
            opening(voice)


def test_a_blob_opens_only_as_what_it_is(voice: Voice, embedding: VoiceEmbedding) -> None:
    reference, _ = vault.seal_reference(voice, embedding)
    with pytest.raises(KeyringError):
        blobs.get(reference.blob, subject_id=voice.speaker_id, kind=vault.SAMPLE, object_id=reference.id)


def test_another_organisation_finds_no_reference(voice: Voice, embedding: VoiceEmbedding, rival: Organisation) -> None:
    vault.seal_reference(voice, embedding)
    with organisation_scope(rival.id, actor="system"), pytest.raises(VoiceError):
        vault.open_reference(voice, models=MODELS)
