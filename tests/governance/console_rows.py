"""One of everything that the console shows, for one organisation: rows alone, with no sound behind them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.models import ConsentPurpose, ConsentRecord, Receipt, Speaker
from governance.models import Clip, ClipFile, Decision, Permit, SynthesisRequest
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from voices.models import PreparedVoice, Reference, Voice

DENIED: dict[str, Any] = {
    "rule": "purpose-outside-scope",
    "effect": "deny",
    "explanation": "The speaker agreed to narration, not to marketing.",
    "way_forward": "Ask the speaker to agree to this purpose too.",
    "measured": {},
}
HELD: dict[str, Any] = {
    "rule": "impersonates-office",
    "effect": "hold",
    "explanation": "The script speaks in the name of an office.",
    "way_forward": "A reviewer reads the script and decides.",
    "measured": {"words": "this is the tax office"},
}
WITHHELD: dict[str, Any] = {
    "rule": "output-other-words",
    "effect": "deny",
    "explanation": "The words heard in the output are not the words that were asked for.",
    "way_forward": "Ask again; if it repeats, prepare the voice anew.",
    "measured": {"word_error_rate": 0.38, "limit": 0.25},
}


@dataclass(frozen=True)
class Shelf:
    """What was put there."""

    consent: ConsentRecord
    voice: Voice
    held_voice: Voice
    denied: Decision
    held: Decision
    withheld: Permit
    clip: Clip


def fill(organisation: Organisation, *, speaker_name: str) -> Shelf:
    """A consent, a ready and a held voice, a denied, a held and a withheld request, and a clip."""
    with organisation_scope(organisation.id, actor="system"):
        consent = _consent(organisation, speaker_name)
        voice = _voice(consent, name=f"{speaker_name}, reading", status="ready")
        reference = {"blob": "b", "model_name": "campplus", "model_sha256": "c" * 64}
        Reference.objects.create(organisation=organisation, voice=voice, **reference)
        evidence = {"likeness": 0.742, "likeness_llr": 6.21, "likeness_llr_needed": 0.0, "word_error_rate": 0.0385}
        release = {"name": "local", "version": "1"}
        PreparedVoice.objects.create(
            organisation=organisation, voice=voice, blob="b", engine_release=release, evidence=evidence
        )
        denied = _decide(_ask(voice, purpose="marketing"), effect="deny", objections=[DENIED])
        held = _decide(_ask(voice, purpose="narration"), effect="hold", objections=[HELD])
        append(Event.SYNTHESIS_DECIDED, refs={"decision": denied.id, "voice": voice.id}, data={"effect": "deny"})
        return Shelf(
            consent=consent,
            voice=voice,
            held_voice=_voice(consent, name=f"{speaker_name}, doubtful", status="held", reasons=[HELD]),
            denied=denied,
            held=held,
            withheld=_permit(voice, status="withheld", reasons=[WITHHELD]),
            clip=_clip(voice),
        )


def _consent(organisation: Organisation, speaker_name: str) -> ConsentRecord:
    speaker = Speaker.objects.create(organisation=organisation, name=speaker_name)
    consent = ConsentRecord.objects.create(
        organisation=organisation,
        speaker=speaker,
        status="given",
        languages=["en"],
        intended_use="Reading stories aloud.",
        notice_text="What this is about.",
        notice_sha256="d" * 64,
        statement=f"I am {speaker_name}, and I agree.",
        valid_until=timezone.now() + timedelta(days=90),
        given_at=timezone.now(),
        evidence={"word_error_rate": 0.04, "presentation_attack": None},
    )
    ConsentPurpose.objects.create(
        organisation=organisation, consent=consent, speaker=speaker, purpose="narration", active=True
    )
    Receipt.objects.create(organisation=organisation, consent=consent, body={}, signature="s", key_id="k")
    return consent


def _voice(consent: ConsentRecord, *, name: str, status: str, reasons: list[dict[str, Any]] | None = None) -> Voice:
    return Voice.objects.create(
        organisation_id=consent.organisation_id,
        speaker=consent.speaker,
        consent=consent,
        name=name,
        language="en",
        status=status,
        reasons=reasons or [],
    )


def _ask(voice: Voice, *, purpose: str) -> SynthesisRequest:
    return SynthesisRequest.objects.create(
        organisation_id=voice.organisation_id,
        voice=voice,
        text="Once upon a time.",
        language="en",
        purpose=purpose,
        requested_by="system",
        body_sha256=secrets.token_hex(32),
    )


def _decide(request: SynthesisRequest, *, effect: str, objections: list[dict[str, Any]]) -> Decision:
    facts = {
        "at": timezone.now().isoformat(),
        "purpose": request.purpose,
        "language": request.language,
        "consent": None,
        "voice_status": "ready",
        "key_present": True,
        "script": [],
        "clip": None,
    }
    return Decision.objects.create(
        organisation_id=request.organisation_id,
        request=request,
        stage="intake",
        effect=effect,
        objections=objections,
        facts=facts,
        policy_version="2026-11-21",
        seconds=0.01,
    )


def _permit(voice: Voice, *, status: str, reasons: list[dict[str, Any]]) -> Permit:
    request = _ask(voice, purpose="narration")
    return Permit.objects.create(
        organisation_id=voice.organisation_id,
        request=request,
        decision=_decide(request, effect="permit", objections=[]),
        status=status,
        reasons=reasons,
        expires_at=timezone.now(),
        ended_at=timezone.now(),
    )


def _clip(voice: Voice) -> Clip:
    clip = Clip.objects.create(
        organisation_id=voice.organisation_id,
        permit=_permit(voice, status="completed", reasons=[]),
        voice=voice,
        seconds=7.43,
        sample_rate=24_000,
        mark_readings=[{"marker": "perth", "outcome": "marked", "score": 0.99, "threshold": 0.5, "payload": ""}],
        mark_verified_at=timezone.now(),
        examination={"passed": True, "likeness_whole": 0.731, "word_error_rate": 0.0, "heard": "once upon a time"},
        models_used={"kokoro": "a" * 64},
    )
    for form, letter in (("wav", "e"), ("mp3", "f"), ("flac", "d"), ("m4a", "c")):
        ClipFile.objects.create(
            organisation_id=voice.organisation_id, clip=clip, form=form, blob="b", sha256=letter * 64
        )
    return clip
