"""Consents at each stage of the ceremony, and speech that says exactly what a test wants said."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.utils import timezone

from consent import ceremony
from consent.models import CeremonyRecording, Challenge, ConsentRecord
from synth_adapter.backends.kokoro import Kokoro
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate
from tenancy.models import Organisation
from tests.mailbox import enter

Ask = Callable[..., ConsentRecord]
Say = Callable[..., Waveform]


def terms(**changes: Any) -> dict[str, Any]:
    """What Northwind asks Amara, unless a test asks something else."""
    return {
        "speaker_name": "Amara Okafor",
        "purposes": ["narration"],
        "languages": ["en"],
        "speaker_email": "amara@example.org",
        "intended_use": "Audiobooks for children, read aloud in our own app",
        "territory": ["IE", "GB"],
        "compensation": "300 euros for each book",
        "recipients": ["Harbour Books"],
        "clips_may_be_distributed": True,
        "valid_until": timezone.now() + timedelta(days=365),
        **changes,
    }


@pytest.fixture
def ask(in_northwind: Organisation) -> Ask:
    """Asks for consent; the notice has been shown, and the speaker is 18 or older."""

    def run(**changes: Any) -> ConsentRecord:
        consent, _ = ceremony.request_consent(**terms(**changes))
        ceremony.show_notice(consent)
        ceremony.declare_age(consent, adult=True)
        return consent

    return run


@pytest.fixture
def asked(ask: Ask) -> ConsentRecord:
    return ask()


def take_phrase(consent: ConsentRecord) -> Challenge:
    """A fresh phrase, in the speaker's own session."""
    return ceremony.issue_challenge(consent, session=enter(consent))


def send(challenge: Challenge, audio: bytes, *, consent: ConsentRecord | None = None) -> CeremonyRecording:
    """A recording, sent from the session that asked for the phrase."""
    mine = consent or challenge.consent
    session = challenge.session if consent is None else enter(consent)
    assert session is not None
    return ceremony.receive_recording(mine, challenge_id=challenge.id, audio=audio, session=session)


@pytest.fixture(scope="session")
def say() -> Iterator[Say]:
    """Speaks a text in a stock voice of the engine: no living person, which these tests must know themselves."""
    kokoro = Kokoro(
        model=locate("kokoro").path,
        voices=locate("kokoro-voices").path,
        config=locate("kokoro-config").path,
        threads=settings.MODEL_THREADS,
    )

    @functools.cache
    def run(text: str, *, voice: str = "af_heart") -> Waveform:
        return kokoro.speak(text, stock_voice=voice, language="en")

    yield run
    kokoro._phonemizer.close()


@pytest.fixture(scope="session")
def sound() -> bytes:
    """Audio that decodes, and is nothing else: a quarter of a second of a tone."""
    ticks = np.arange(4_000, dtype=np.float32)
    return encode_wav(Waveform((0.1 * np.sin(2 * np.pi * 220 * ticks / 16_000)).astype(np.float32), 16_000))
