"""Cases that wait for a reviewer, as the ceremony, enrolment and rendering leave them; their sound is only a tone."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from consent import ceremony, evidence, representatives
from consent.models import CeremonyRecording, Challenge, ConsentRecord
from governance import permits
from governance.models import Permit, SynthesisRequest
from governance.permits import Withheld
from tenancy.ids import new_id
from tenancy.scope import organisation_scope
from tests.governance.console_rows import WITHHELD, _decide
from tests.governance.everything import tone
from tests.mailbox import read_code
from voices import vault
from voices.models import Sample, Voice

DOUBT = {
    "rule": "ceremony-may-be-synthetic",
    "effect": "hold",
    "explanation": "The recording may be synthetic or played back.",
    "way_forward": "A person listens to the recording and decides; nothing else has to be done now.",
    "measured": {"synthetic_llr": 0.31, "outcome": "inconclusive"},
}
FINDINGS = {
    "transcript": "I am Amara O'Cathore. I agree that Northwind may make and use a synthetic version of my voice",
    "word_error_rate": 0.04,
    "word_error_rate_limit": 0.25,
    "name_sound": 0.63,
    "net_speech_seconds": 9.8,
    "parts": 1,
    "one_speaker": {"outcome": "one", "score": 0.71, "pieces": 5},
    "living_voice": {"outcome": "inconclusive", "llr": 0.31, "windows": 4, "signs": []},
    "heard_before": False,
}


def ask_amara(**changes: Any) -> ConsentRecord:
    """A request in the scope at hand; whoever is its actor asked."""
    terms = {
        "speaker_name": "Amara Okafor",
        "speaker_email": "amara@example.org",
        "purposes": ["narration"],
        "languages": ["en"],
        "intended_use": "Audiobooks for children, read in her own voice",
        "territory": ["IE"],
        "compensation": "none",
        "recipients": [],
        "clips_may_be_distributed": False,
        "valid_until": timezone.now() + timedelta(days=365),
        **changes,
    }
    consent, _ = ceremony.request_consent(**terms)
    ceremony.show_notice(consent)
    return consent


def let_in(client: Client, path: str, consent: ConsentRecord) -> None:
    """Give the browser a session to the ceremony at `path`, through the second factor; outside any scope."""
    assert client.post(f"{path}/codes").status_code == 202
    with organisation_scope(consent.organisation_id, actor="system"):
        code = read_code(consent)
    asked = {"code": code, "cookie": True}
    assert client.post(f"{path}/sessions", asked, content_type="application/json").status_code == 201


def held_recording(consent: ConsentRecord, *, pitch: float = 220.0, **changes: Any) -> CeremonyRecording:
    audio, now = tone(pitch), timezone.now()
    challenge = Challenge.objects.create(
        organisation_id=consent.organisation_id,
        consent=consent,
        phrase="walnut, velvet, journey, candle, pirate",
        used_at=now,
        expires_at=now,
    )
    recording = CeremonyRecording(
        **{
            "organisation_id": consent.organisation_id,
            "consent": consent,
            "challenge": challenge,
            "status": "held",
            "sha256": hashlib.sha256(consent.id.bytes + audio).hexdigest(),
            "reasons": [DOUBT],
            "findings": FINDINGS,
            "verified_at": now,
            **changes,
        }
    )
    evidence.seal_recording(recording, audio)
    recording.save()
    return recording


def named_representative(consent: ConsentRecord) -> Any:
    return representatives.name_representative(
        consent,
        name="Ruth Okafor",
        capacity="guardian",
        statement="I am Amara's guardian. She asked me to say yes, and I agree to the notice.",
        document=b"%PDF-1.7 the court's order",
    )


def held_voice(consent: ConsentRecord, **changes: Any) -> Voice:
    """A voice under a consent that was given, with one sealed sample."""
    speaker = consent.speaker
    voice = Voice.objects.create(
        organisation_id=consent.organisation_id,
        speaker=speaker,
        consent=consent,
        name="Amara, reading",
        language="en",
        status="held",
        reasons=[{**DOUBT, "rule": "speaker-uncertain", "explanation": "It is not certain that this is her voice."}],
        **changes,
    )
    sample_id = new_id()
    Sample.objects.create(
        id=sample_id,
        organisation_id=voice.organisation_id,
        voice=voice,
        position=1,
        blob=vault.seal_sample(voice, tone(330), sample_id=sample_id),
        sha256="1" * 64,
    )
    return voice


def withheld_clip(voice: Voice, *, requested_by: str = "system") -> Permit:
    request = SynthesisRequest.objects.create(
        organisation_id=voice.organisation_id,
        voice=voice,
        text="Once upon a time there was a boat.",
        language="en",
        purpose="narration",
        requested_by=requested_by,
        body_sha256="0" * 64,
    )
    permit = permits.redeem(permits.issue(_decide(request, effect="permit", objections=[])).id)
    figures = {"likeness_whole": 0.31, "word_error_rate": 0.38, "heard": "once upon a dime"}
    assert permits.withhold(permit, reasons=[WITHHELD], output=Withheld(wav=tone(440), examination=figures))
    return permit
