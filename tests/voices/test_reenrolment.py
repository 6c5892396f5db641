"""When an encoder has changed, references are made anew from the samples, and nothing is lost or mixed on the way."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.files.storage import storages
from django.core.management import call_command

from audit.events import Event
from audit.queries import entries
from consent import lifecycle
from consent.models import ConsentRecord
from safety.comparison import Embedding, VoiceEmbedding, compare
from safety.hearing import embed_voice
from safety.models import EnrolledVoice
from safety.ports import ModelIdentity
from safety.registry import calibration, speaker_encoders, speaker_models
from safety.rotation import alike
from synth_adapter.decoding import decode
from voices import vault
from voices.enrolment import create_voice
from voices.errors import VoiceError
from voices.models import Reference, Voice
from voices.reenrolment import reenrol, waiting

pytestmark = pytest.mark.usefixtures("heard_once")
FORMER = ModelIdentity("former", "f" * 64)
ENOUGH = slice(5, 8)


def enrolled_formerly(consent: ConsentRecord, samples: list[bytes]) -> Voice:
    """A voice that only a former encoder has heard."""
    voice = create_voice(consent_id=consent.id, name="Amara", language="en", samples=samples)
    vector = np.eye(1, 192, dtype=np.float32)[0]
    vault.seal_reference(voice, VoiceEmbedding((Embedding(FORMER, vector),), seconds=30.0, bandwidth_hz=8_000.0))
    voice.status = "ready"
    voice.save(update_fields=["status"])
    return voice


@pytest.fixture
def voice(given_aloud: ConsentRecord, amaras_speech: list[bytes]) -> Voice:
    return enrolled_formerly(given_aloud, amaras_speech[ENOUGH])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_new_reference_is_the_speakers_and_the_old_one_goes(
    voice: Voice, amaras_speech: list[bytes], django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    former = Reference.objects.get(voice=voice).blob
    assert list(waiting()) == [voice]
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert reenrol(voice.id) == "renewed"
        assert storages["blobs"].exists(former)
    assert not storages["blobs"].exists(former)
    made = Reference.objects.filter(voice=voice).values_list("model_name", "model_sha256")
    assert set(made) == {(model.name, model.sha256) for model in speaker_models()}

    reference = vault.open_reference(voice, models=speaker_models())
    mine = alike(embed_voice(decode(amaras_speech[9]).waveform, encoders=speaker_encoders()), to=reference)
    assert compare(mine, reference, calibration=calibration()).outcome == "match"
    assert EnrolledVoice.objects.get().voice_id == voice.id
    voice.refresh_from_db()
    assert (voice.status, voice.comparison["outcome"]) == ("ready", "match")
    assert entries(about=voice.id)[-1].event == Event.VOICE_REFERENCE_RENEWED
    assert (list(waiting()), reenrol(voice.id)) == ([], "nothing-to-do")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_voice_that_is_not_its_ceremonys_by_todays_encoders_is_held(
    given_aloud: ConsentRecord, ivos_speech: list[bytes]
) -> None:
    voice = enrolled_formerly(given_aloud, ivos_speech[2:4])
    assert reenrol(voice.id) == "held"
    voice.refresh_from_db()
    assert voice.status == "held"
    assert [(reason["rule"], reason["effect"]) for reason in voice.reasons] == [("not-the-consenting-speaker", "hold")]
    assert entries(about=voice.id)[-1].event == Event.VOICE_ENROLMENT_HELD


def test_without_samples_nothing_is_made_and_the_old_reference_stays(voice: Voice) -> None:
    vault.discard_samples(voice)
    assert reenrol(voice.id) == "samples-not-kept"
    assert Reference.objects.get(voice=voice).model_name == "former"
    with pytest.raises(VoiceError) as caught:
        vault.open_reference(voice, models=speaker_models())
    assert caught.value.code == "reference-other-model"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_after_the_consent_has_ended_nothing_is_made(voice: Voice, given_aloud: ConsentRecord) -> None:
    lifecycle.withdraw(given_aloud)
    assert reenrol(voice.id) == "consent-not-active"
    assert Reference.objects.get(voice=voice).model_name == "former"


def test_a_voice_that_is_still_checked_or_was_refused_is_not_waiting(voice: Voice) -> None:
    for status in ("checking", "refused", "erased"):
        Voice.objects.filter(id=voice.id).update(status=status)
        assert (list(waiting()), reenrol(voice.id)) == ([], "nothing-to-do")


@pytest.mark.usefixtures("in_northwind")
def test_where_nothing_waits_the_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("reenrol")
    assert "Every enrolled voice" in capsys.readouterr().out
