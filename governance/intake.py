"""Intake: what an application asks for is parsed into rows, weighed (decision 1), and queued when permitted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from audit.events import Event
from audit.log import append
from governance import decisions, permits, tasks
from governance.errors import IdempotencyConflictError, RequestDeniedError, UnknownVoiceError
from governance.models import Detection, SynthesisRequest
from safety.script.admission import admit
from synth_adapter.decoding import decode, refuse_silence
from tenancy import blobs
from tenancy.ids import new_id
from tenancy.scope import current_actor, current_organisation
from voices.enrolment import create_voice
from voices.models import Voice
from watermark.duties import Sign


@dataclass(frozen=True)
class Ask:
    """What an application wants said; `idempotency_key` makes asking twice safe, `token_id` is on the record only.

    `audible_disclosure` is what it wants to be heard; where more is owed, that is.
    """

    voice_id: UUID
    text: str
    language: str
    purpose: str
    idempotency_key: str | None
    token_id: UUID | None = None
    audible_disclosure: Sign = Sign.NONE

    @property
    def sha256(self) -> str:
        """The hash that tells a repeated ask from a different one under the same key."""
        body = [str(self.voice_id), self.text, self.language, self.purpose]
        if self.audible_disclosure is not Sign.NONE:
            body.append(self.audible_disclosure)
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()


def submit(ask: Ask) -> SynthesisRequest:
    """Weigh an ask; queue it when permitted, keep it waiting when held.

    Raises:
        UnknownVoiceError: no such voice here.
        ScriptError: the text is empty, over-long or holds control characters; nothing is stored.
        IdempotencyConflictError: the key was used with another body.
        RequestDeniedError: the gate said no; request and decision are kept.
    """
    if (earlier := _earlier(ask)) is not None:
        return earlier
    voice = Voice.objects.filter(id=ask.voice_id).select_related("consent", "speaker").first()
    if voice is None:
        raise UnknownVoiceError("There is no such voice.")
    admit(ask.text, limit=settings.SCRIPT_MAX_CHARACTERS)
    request = SynthesisRequest.objects.create(
        organisation_id=current_organisation(),
        voice=voice,
        text=ask.text,
        language=ask.language,
        purpose=ask.purpose,
        requested_by=current_actor(),
        audible_disclosure=ask.audible_disclosure,
        idempotency_key=ask.idempotency_key,
        body_sha256=ask.sha256,
    )
    refs = {"request": request.id, "voice": voice.id, "consent": voice.consent_id, "speaker": voice.speaker_id}
    append(Event.SYNTHESIS_REQUESTED, refs=refs, data=None if ask.token_id is None else {"jti": str(ask.token_id)})
    _decide(request)
    return request


def _earlier(ask: Ask) -> SynthesisRequest | None:
    if ask.idempotency_key is None:
        return None
    earlier = SynthesisRequest.objects.filter(idempotency_key=ask.idempotency_key).first()
    if earlier is not None and earlier.body_sha256 != ask.sha256:
        raise IdempotencyConflictError("This idempotency key was used with another request body.")
    return earlier


def _decide(request: SynthesisRequest) -> None:
    decision = decisions.decide(request, stage="intake")
    if decision.effect == "deny":
        raise RequestDeniedError(
            "The request was denied.", reasons=decision.objections, job=str(request.id), decision=str(decision.id)
        )
    if decision.effect == "permit":
        permit = permits.issue(decision)
        tasks.queue_render(permit)


def submit_voice(*, consent_id: UUID, name: str, language: str, samples: Sequence[bytes]) -> Voice:
    """Create a voice from samples and queue its checks; raises `VoiceError` or `AudioError`, keeping nothing."""
    voice = create_voice(consent_id=consent_id, name=name, language=language, samples=samples)
    tasks.queue_enrolment(voice)
    return voice


def submit_detection(audio: bytes) -> Detection:
    """Keep an upload, sealed, until the detector has read it; raises `AudioError` for what is no audio."""
    decoded = decode(audio)
    refuse_silence(decoded.waveform)
    detection_id = new_id()
    blob = blobs.put(audio, subject_id=detection_id, kind="detection-upload", object_id=detection_id)
    detection = Detection.objects.create(
        id=detection_id,
        organisation_id=current_organisation(),
        status="received",
        sha256=decoded.sha256,
        blob=blob,
        requested_by=current_actor(),
    )
    append(Event.DETECTION_REQUESTED, refs={"detection": detection.id}, data={"sha256": decoded.sha256})
    tasks.queue_detection(detection)
    return detection
