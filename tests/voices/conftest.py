"""Real people's speech, and the consent that Amara gave with hers."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from consent import evidence, lifecycle
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Speaker
from safety.comparison import embed
from safety.registry import speaker_encoder
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tests.cast import AMARA_SPEECH, IVO_SPEECH
from tests.consent.records import EVIDENCE, consent_of

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"

Consent = Callable[..., ConsentRecord]


def speech_of(speaker: str) -> list[bytes]:
    """Every recording of one speaker of the corpus, as files."""
    if not (CORPUS / "manifest.csv").is_file():
        pytest.skip(f"the speech corpus is not here: {CORPUS}")
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speaker"] == speaker and row["label"] == "bonafide"]
    return [(CORPUS / row["path"]).read_bytes() for row in sorted(rows, key=lambda row: row["path"])]


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
    evidence.seal_embedding(recording, embed(decode(audio).waveform, encoder=speaker_encoder()))
    recording.save()
    return recording
