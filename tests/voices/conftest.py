"""Real people's speech, and the consent that Amara gave with hers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from consent import evidence, lifecycle
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Speaker
from safety.hearing import embed_voice
from safety.registry import speaker_encoders
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tests.cast import AMARA_SPEECH, IVO_SPEECH
from tests.consent.records import EVIDENCE, consent_of
from tests.corpus import speech_of

Consent = Callable[..., ConsentRecord]


@pytest.fixture(scope="session")
def amaras_speech() -> list[bytes]:
    return speech_of(AMARA_SPEECH)


@pytest.fixture(scope="session")
def ivos_speech() -> list[bytes]:
    return speech_of(IVO_SPEECH)


@pytest.fixture(scope="session")
def utterance(amaras_speech: list[bytes]) -> Waveform:
    return decode(amaras_speech[6]).waveform


@pytest.fixture
def asked(in_northwind: Organisation, amara: Speaker) -> ConsentRecord:
    assert amara.organisation_id == in_northwind.id
    return consent_of(amara, "narration")


@pytest.fixture
def given(asked: ConsentRecord) -> ConsentRecord:
    """A consent that was given; its ceremony has no sound."""
    lifecycle.give(asked, evidence=EVIDENCE)
    return asked


@pytest.fixture
def given_aloud(given: ConsentRecord, amaras_speech: list[bytes]) -> ConsentRecord:
    """A consent that Amara gave with her own voice, in the longest of her recordings."""
    keep_ceremony(given, amaras_speech[9])
    return given


def keep_ceremony(consent: ConsentRecord, audio: bytes) -> CeremonyRecording:
    """An accepted ceremony recording, as the ceremony leaves it."""
    now = timezone.now()
    challenge = Challenge.objects.create(
        organisation_id=consent.organisation_id,
        consent=consent,
        phrase="",
        used_at=now,
        expires_at=now + timedelta(minutes=5),
    )
    recording = CeremonyRecording(
        organisation_id=consent.organisation_id,
        consent=consent,
        challenge=challenge,
        status="accepted",
        sha256=hashlib.sha256(audio).hexdigest(),
    )
    evidence.seal_recording(recording, audio)
    evidence.seal_embedding(recording, embed_voice(decode(audio).waveform, encoders=speaker_encoders()))
    recording.save()
    return recording
