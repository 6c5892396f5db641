"""What governance's tests stand on: a client with a key, and Amara's voice, ready to be asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import soundfile
from django.test import Client
from django.utils import timezone

from consent.models import ConsentPurpose, ConsentRecord
from synth_adapter.waveform import Waveform
from tenancy import keyring
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import Engineer, equip, meet
from voices.models import Voice

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


class ApiClient:
    """Calls the HTTP interface as one application."""

    def __init__(self, secret: str | None) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def get(self, path: str, **arguments: Any) -> Any:
        return self.client.get(path, headers=self.headers, **arguments)

    def post(self, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Any:
        sent = {**self.headers, **(headers or {})}
        return self.client.post(path, body or {}, content_type="application/json", headers=sent)

    def upload(self, path: str, body: dict[str, Any]) -> Any:
        return self.client.post(path, body, headers=self.headers)

    def ask(self, voice_id: UUID | str, text: str = "Hello there.", **changes: str) -> Any:
        body = {"voice": str(voice_id), "text": text, "language": "en", "purpose": "narration", **changes}
        return self.post("/v1/tts/synthesize", body)


@pytest.fixture
def api(engineer: Engineer) -> ApiClient:
    return ApiClient(engineer.secret)


@pytest.fixture
def rival_api(rival: Organisation) -> ApiClient:
    return ApiClient(equip(rival).secret)


def give_voice(organisation: Organisation, *, name: str = "Amara") -> Voice:
    """A consent that was given, and a voice that is ready, as rows; without sound."""
    speaker = meet(organisation, name)
    with organisation_scope(organisation.id, actor="system"):
        now = timezone.now()
        consent = ConsentRecord.objects.create(
            organisation=organisation,
            speaker=speaker,
            status="given",
            given_at=now,
            locale="en",
            languages=["en"],
            intended_use="Tests.",
            notice_text="notice",
            notice_sha256="0" * 64,
            statement="statement",
            valid_until=now + timedelta(days=30),
        )
        ConsentPurpose.objects.create(
            organisation=organisation, consent=consent, speaker=speaker, purpose="narration", active=True
        )
        keyring.seal(b"any", subject_id=speaker.id, kind="test", object_id=speaker.id)
        return Voice.objects.create(
            organisation=organisation, speaker=speaker, consent=consent, name=name, language="en", status="ready"
        )


@pytest.fixture
def voice(northwind: Organisation) -> Voice:
    return give_voice(northwind)


@pytest.fixture(scope="session")
def speech() -> Waveform:
    """Three seconds of a person speaking, at an engine's rate."""
    path = CORPUS / "whisper_jfk/jfk.flac"
    if not path.is_file():
        pytest.skip(f"the speech corpus is not here: {path}")
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    whole = Waveform(np.ascontiguousarray(samples.mean(axis=1, dtype=np.float32)), rate)
    return whole.cut(0.0, 3.0).resampled(24_000)
