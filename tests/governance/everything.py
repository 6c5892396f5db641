"""One of everything that is kept about a speaker, sealed as it is in earnest, with sound that is only a tone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.utils import timezone

from consent import contact, evidence, links, receipts, second_factor
from consent.models import (
    CeremonyRecording,
    CeremonySession,
    Challenge,
    ConsentPurpose,
    ConsentRecord,
    Reminder,
    Representative,
    Speaker,
)
from governance import clip_files, incidents, legal_holds, permits
from governance.models import Clip, Decision, Permit, Review, SynthesisRequest
from governance.permits import Withheld
from safety import duplicates
from safety.comparison import Embedding, VoiceEmbedding
from safety.ports import ModelIdentity
from safety.registry import speaker_encoders
from synth_adapter.encoding import encode_wav
from synth_adapter.forms import Form
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.tokens import hash_token
from tests.governance.console_rows import _decide
from voices import offers, vault
from voices.models import OfferedSample, PreparedVoice, Sample, Voice
from watermark import register
from watermark.ports import ClipMark

MODEL = ModelIdentity("test", "0" * 64)


def _voice(row: int) -> VoiceEmbedding:
    return VoiceEmbedding((Embedding(MODEL, np.eye(6, 192, dtype=np.float32)[row]),), 20.0, 8_000.0)


@dataclass
class Everything:
    """What was kept, and each sealed content by its kind."""

    speaker: Speaker
    consent: ConsentRecord
    voice: Voice
    clip: Clip
    token: str
    sealed: dict[str, bytes] = field(default_factory=dict)


def tone(pitch: float) -> bytes:
    ticks = np.arange(8_000, dtype=np.float32)
    return encode_wav(Waveform((0.1 * np.sin(2 * np.pi * pitch * ticks / 16_000)).astype(np.float32), 16_000))


def keep(organisation: Organisation, *, name: str = "Amara", held: bool = True, **changes: Any) -> Everything:
    """Rows and sealed objects of a speaker who said yes; call it in the organisation's scope."""
    speaker = Speaker.objects.create(organisation=organisation, name=name)
    contact.keep(speaker, "speaker@example.org")
    consent = _consent(organisation, speaker, **changes)
    second_factor.send_code(consent.links.get(kind="ceremony").id)
    _enter(consent)
    receipt = receipts.issue(consent)
    Reminder.objects.create(organisation=organisation, consent=consent, kind="ends-in-30-days")
    voice = Voice.objects.create(
        organisation=organisation, speaker=speaker, consent=consent, name=name, language="en", status="ready"
    )
    sealed: dict[str, bytes] = {"speaker-contact": str(contact.address_of(speaker)).encode()}
    _record(consent, sealed)
    _offer(consent, sealed)
    _enrol(voice, sealed)
    clip = _speak(voice, sealed)
    _withhold(voice, sealed)
    _represent(consent, sealed)
    if held:
        legal_holds.place(speaker.id, reason="A claim about Sam", placed_by="Ruth")
    return Everything(speaker, consent, voice, clip, receipts.new_link(receipt), sealed)


def _consent(organisation: Organisation, speaker: Speaker, **changes: Any) -> ConsentRecord:
    now = timezone.now()
    consent = ConsentRecord.objects.create(
        **{
            "organisation": organisation,
            "speaker": speaker,
            "status": "given",
            "given_at": now,
            "notice_shown_at": now,
            "languages": ["en"],
            "locale": "en",
            "intended_use": "Reading stories aloud.",
            "notice_version": "en-1",
            "notice_text": f"May we copy your voice, {speaker.name}?",
            "notice_sha256": "0" * 64,
            "statement": f"I am {speaker.name}. I agree.",
            "valid_until": now + timedelta(days=3_650),
            "evidence": {"transcript": f"i am {speaker.name.lower()} i agree"},
            **changes,
        }
    )
    ConsentPurpose.objects.create(
        organisation=organisation, consent=consent, speaker=speaker, purpose="narration", active=True
    )
    links.new_link(consent, kind="ceremony", expires_at=now + timedelta(days=7))
    return consent


def _enter(consent: ConsentRecord) -> None:
    """A session, as a right code leaves it."""
    link, now = consent.links.get(kind="ceremony"), timezone.now()
    CeremonySession.objects.create(
        organisation_id=consent.organisation_id,
        link=link,
        token_hash=hash_token(str(link.id)),
        expires_at=now + second_factor.SESSION_LASTS,
    )


def _record(consent: ConsentRecord, sealed: dict[str, bytes]) -> None:
    challenge = Challenge.objects.create(
        organisation_id=consent.organisation_id, consent=consent, phrase="amber violet", expires_at=timezone.now()
    )
    audio = tone(220)
    sha256 = hashlib.sha256(consent.id.bytes + audio).hexdigest()
    recording = CeremonyRecording(
        organisation_id=consent.organisation_id, consent=consent, challenge=challenge, status="accepted", sha256=sha256
    )
    evidence.seal_recording(recording, audio)
    evidence.seal_embedding(recording, _voice(0))
    recording.save()
    sealed["ceremony-recording"] = audio


def _represent(consent: ConsentRecord, sealed: dict[str, bytes]) -> None:
    """Somebody who would have said yes for the speaker, and what a reviewer thought of that."""
    content = b"%PDF-1.7 what shows the right of " + consent.id.bytes
    representative = Representative(
        organisation_id=consent.organisation_id,
        consent=consent,
        name="Ruth",
        capacity="guardian",
        statement="I am her guardian, and she asked me.",
        document_type="application/pdf",
        document_sha256=hashlib.sha256(content).hexdigest(),
        status="refused",
    )
    evidence.seal_document(representative, content)
    representative.save()
    sealed["representative-document"] = content
    Review.objects.create(
        organisation_id=consent.organisation_id,
        kind="representative",
        about_id=representative.id,
        speaker=consent.speaker,
        consent=consent,
        outcome="refuse",
        reviewer="member:1",
        asked_by="system",
        words="The document is of another year.",
        reasons=[],
    )


def _offer(consent: ConsentRecord, sealed: dict[str, bytes]) -> None:
    """A sentence that was recorded for another voice, which was never handed in."""
    offer_id, audio = new_id(), tone(660)
    OfferedSample.objects.create(
        id=offer_id,
        organisation_id=consent.organisation_id,
        consent=consent,
        number=1,
        status="good",
        blob=_seal(consent.speaker_id, offers.KIND, offer_id, audio),
        sha256=hashlib.sha256(audio).hexdigest(),
        net_speech_seconds=2.5,
    )
    sealed["offered-sample"] = audio


def _enrol(voice: Voice, sealed: dict[str, bytes]) -> None:
    sample_id, audio = new_id(), tone(330)
    sample = Sample.objects.create(
        id=sample_id,
        organisation_id=voice.organisation_id,
        voice=voice,
        position=1,
        blob=vault.seal_sample(voice, audio, sample_id=sample_id),
        sha256="1" * 64,
    )
    vault.seal_transcript(voice, sample, "The words of the sample.")
    vault.seal_reference(voice, _voice(5))
    duplicates.register(_heard_today(), speaker_id=voice.speaker_id, voice_id=voice.id)
    prepared_id, artefact = new_id(), b"what the engine learnt"
    name = _seal(voice.speaker_id, "prepared-voice", prepared_id, artefact)
    PreparedVoice.objects.create(
        id=prepared_id, organisation_id=voice.organisation_id, voice=voice, blob=name, engine_release={}, evidence={}
    )
    sealed |= {"sample": audio, "sample-transcript": b"The words of the sample.", "prepared-voice": artefact}


def _heard_today() -> VoiceEmbedding:
    """By today's encoders, so that a copy which a test commits holds no other test's enrolment as not comparable."""
    parts = [Embedding(ears.model, np.eye(1, ears.dimension, 5, dtype=np.float32)[0]) for ears in speaker_encoders()]
    return VoiceEmbedding(tuple(parts), 20.0, 8_000.0)


def _permit(voice: Voice, *, status: str) -> Permit:
    request = SynthesisRequest.objects.create(
        organisation_id=voice.organisation_id,
        voice=voice,
        text="Once upon a time.",
        language="en",
        purpose="narration",
        requested_by="system",
        body_sha256="2" * 64,
    )
    decision: Decision = _decide(request, effect="permit", objections=[])
    return Permit.objects.create(
        organisation_id=voice.organisation_id,
        request=request,
        decision=decision,
        status=status,
        expires_at=timezone.now(),
    )


def _speak(voice: Voice, sealed: dict[str, bytes]) -> Clip:
    permit = _permit(voice, status="completed")
    files: dict[Form, bytes] = {
        "wav": tone(440),
        "mp3": b"\xff\xfb" + bytes(64),
        "flac": b"fLaC" + bytes(64),
        "m4a": bytes(4) + b"ftyp" + bytes(64),
    }
    clip = Clip.objects.create(
        organisation_id=voice.organisation_id,
        permit=permit,
        voice=voice,
        seconds=0.5,
        sample_rate=16_000,
        mark_readings=[],
        mark_verified_at=timezone.now(),
        examination={},
        models_used={},
    )
    clip_files.keep(clip, files)
    mark = ClipMark(clip_id=clip.id, epoch=0, pilot_secret=b"", clip_secret=b"", content=b"f" * 32)
    fingerprint = b"the words of " + clip.id.bytes
    register.enter(mark, seconds=0.5, fingerprint=fingerprint, subject_id=voice.speaker_id)
    sealed |= {clip_files.kind_of(form): audio for form, audio in files.items()}
    sealed[register.FINGERPRINT] = fingerprint
    return clip


def _withhold(voice: Voice, sealed: dict[str, bytes]) -> None:
    """An output of poor sound, kept; and an incident, of which no sound was kept."""
    clipped, other = ([{"rule": rule, "measured": {}}] for rule in ("output-clipped", "output-second-speaker"))
    permit, sealed["withheld-wav"] = _permit(voice, status="redeemed"), tone(550)
    assert permits.withhold(permit, reasons=clipped, output=Withheld(sealed["withheld-wav"], {"clipped": 0.5}))
    permit = _permit(voice, status="redeemed")
    assert permits.withhold(permit, reasons=other)
    assert incidents.open_if_due(permit, reasons=other, engine_release={"name": "test"}) is not None


def _seal(subject: UUID, kind: str, object_id: UUID, content: bytes) -> str:
    return blobs.put(content, subject_id=subject, kind=kind, object_id=object_id)
