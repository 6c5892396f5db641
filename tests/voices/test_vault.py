from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from django.core.files.storage import storages

from consent.models import ConsentRecord
from safety.comparison import CAMPPLUS, Embedding
from synth_adapter.ports import EngineRelease
from tenancy import blobs, keyring
from tenancy.errors import KeyringError, ShreddedError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from voices import vault
from voices.enrolment import create_voice
from voices.errors import VoiceError
from voices.models import PreparedVoice, Reference, Voice

RELEASE = EngineRelease("local", "1", {"kokoro": "ab"}, 24_000, watermarks_natively=False, languages=frozenset({"en"}))


@pytest.fixture
def voice(given: ConsentRecord, amaras_speech: list[bytes]) -> Voice:
    return create_voice(consent_id=given.id, name="Amara", language="en", samples=amaras_speech[:2])


@pytest.fixture
def embedding() -> Embedding:
    vector = np.random.default_rng(5).normal(size=192).astype(np.float32)
    return Embedding(CAMPPLUS, vector / np.float32(np.linalg.norm(vector)))


def enrol_without_listening(voice: Voice, embedding: Embedding) -> None:
    for sample in voice.samples.all():
        vault.seal_transcript(voice, sample, f"words of sample {sample.position}")
    vault.seal_reference(voice, embedding)
    vault.seal_prepared(voice, b"what the engine learnt", release=RELEASE, evidence={"likeness": 0.8})


def test_a_reference_comes_out_as_it_went_in(voice: Voice, embedding: Embedding) -> None:
    vault.seal_reference(voice, embedding)
    opened = vault.open_reference(voice, model=CAMPPLUS)
    assert opened.model == CAMPPLUS
    assert np.array_equal(opened.vector, embedding.vector)


def test_what_lies_in_storage_tells_nothing(voice: Voice, embedding: Embedding) -> None:
    vault.seal_reference(voice, embedding)
    with storages["blobs"].open(Reference.objects.get().blob) as file:
        sealed = file.read()
    assert embedding.vector.tobytes()[:16] not in sealed


def test_a_reference_of_another_model_is_never_used(voice: Voice, embedding: Embedding) -> None:
    vault.seal_reference(voice, embedding)
    with pytest.raises(VoiceError, match="Enrol it again") as caught:
        vault.open_reference(voice, model=replace(CAMPPLUS, sha256="0" * 64))
    assert caught.value.code == "reference-other-model"


def test_a_voice_without_reference_says_so(voice: Voice) -> None:
    with pytest.raises(VoiceError) as caught:
        vault.open_reference(voice, model=CAMPPLUS)
    assert caught.value.code == "reference-missing"


def test_samples_come_out_in_order_with_their_words(voice: Voice, embedding: Embedding) -> None:
    enrol_without_listening(voice, embedding)
    samples = vault.open_samples(voice)
    assert [sample.transcript for sample in samples] == ["words of sample 1", "words of sample 2"]
    assert [sample.waveform.seconds for sample in samples] == pytest.approx([4.555, 7.84])


def test_samples_without_words_are_not_offered_to_an_engine(voice: Voice) -> None:
    with pytest.raises(VoiceError) as caught:
        vault.open_samples(voice)
    assert caught.value.code == "samples-not-kept"


def test_preparing_again_replaces_what_was_learnt(
    voice: Voice, embedding: Embedding, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    enrol_without_listening(voice, embedding)
    first = PreparedVoice.objects.get(voice=voice).blob
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        vault.seal_prepared(voice, b"better", release=RELEASE, evidence={})
    assert vault.open_prepared(voice) == b"better"
    assert not storages["blobs"].exists(first)


def test_erasing_deletes_everything_that_sounds_like_the_speaker(
    voice: Voice, embedding: Embedding, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    enrol_without_listening(voice, embedding)
    names = [name for pair in voice.samples.values_list("blob", "transcript_blob") for name in pair]
    names += [Reference.objects.get(voice=voice).blob, PreparedVoice.objects.get(voice=voice).blob]
    assert all(storages["blobs"].exists(name) for name in names)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        vault.erase(voice)
    assert not any(storages["blobs"].exists(name) for name in names)
    assert Voice.objects.get(id=voice.id).status == "erased"
    assert all(voice.samples.values_list("sha256", flat=True))
    for opening in (vault.open_samples, vault.open_prepared, lambda v: vault.open_reference(v, model=CAMPPLUS)):
        with pytest.raises(VoiceError):
            opening(voice)


def test_erasing_twice_does_no_harm(voice: Voice) -> None:
    vault.erase(voice)
    vault.erase(voice)
    assert voice.status == "erased"


def test_once_the_key_is_shredded_nothing_opens(voice: Voice, embedding: Embedding) -> None:
    enrol_without_listening(voice, embedding)
    keyring.shred(subject_id=voice.speaker_id)
    for opening in (vault.open_samples, vault.open_prepared, lambda v: vault.open_reference(v, model=CAMPPLUS)):
        with pytest.raises(ShreddedError):
            opening(voice)


def test_a_blob_opens_only_as_what_it_is(voice: Voice, embedding: Embedding) -> None:
    reference = vault.seal_reference(voice, embedding)
    with pytest.raises(KeyringError):
        blobs.get(reference.blob, subject_id=voice.speaker_id, kind=vault.SAMPLE, object_id=reference.id)


def test_another_organisation_finds_no_reference(voice: Voice, embedding: Embedding, rival: Organisation) -> None:
    vault.seal_reference(voice, embedding)
    with organisation_scope(rival.id, actor="system"), pytest.raises(VoiceError):
        vault.open_reference(voice, model=CAMPPLUS)
