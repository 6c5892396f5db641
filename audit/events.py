"""The closed vocabulary of audit events: `subject:part:action`, past tense."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """Everything that can be said to have happened."""

    ORGANISATION_CREATED = "organisation:record:created"
    MEMBER_ADDED = "organisation:member:added"
    MEMBER_SIGNED_IN = "organisation:member:signed-in"
    API_KEY_ISSUED = "organisation:api-key:issued"
    API_KEY_REVOKED = "organisation:api-key:revoked"
    API_KEY_REFUSED = "organisation:api-key:refused"

    CONSENT_REQUESTED = "consent:record:requested"
    CONSENT_NOTICE_SHOWN = "consent:notice:shown"
    CONSENT_CHALLENGE_ISSUED = "consent:challenge:issued"
    CONSENT_RECORDING_RECEIVED = "consent:recording:received"
    CONSENT_RECORDING_REFUSED = "consent:recording:refused"
    CONSENT_GIVEN = "consent:record:given"
    CONSENT_RECEIPT_ISSUED = "consent:receipt:issued"
    CONSENT_WITHDRAWN = "consent:record:withdrawn"
    CONSENT_EXPIRED = "consent:record:expired"

    VOICE_CREATED = "voice:record:created"
    VOICE_ENROLMENT_REFUSED = "voice:enrolment:refused"
    VOICE_ENROLMENT_HELD = "voice:enrolment:held"
    VOICE_REFERENCE_SEALED = "voice:reference:sealed"
    VOICE_PREPARED = "voice:engine:prepared"
    VOICE_PREPARATION_REFUSED = "voice:engine:refused"
    VOICE_ERASED = "voice:reference:erased"

    PROTECTED_VOICE_ADDED = "protected-voice:record:added"

    SYNTHESIS_REQUESTED = "synthesis:request:received"
    SYNTHESIS_DECIDED = "synthesis:gate:decided"
    PERMIT_ISSUED = "synthesis:permit:issued"
    PERMIT_VOIDED = "synthesis:permit:voided"
    RENDER_STARTED = "synthesis:render:started"
    RENDER_COMPLETED = "synthesis:render:completed"
    RENDER_FAILED = "synthesis:render:failed"
    RENDER_WITHHELD = "synthesis:render:withheld"
    CLIP_RELEASED = "clip:audio:released"
    CLIP_RELEASE_REFUSED = "clip:audio:refused"
    CLIP_MADE_UNRELEASABLE = "clip:audio:made-unreleasable"

    UPLOAD_REFUSED = "upload:audio:refused"
    DETECTION_REQUESTED = "detection:request:received"
    DETECTION_COMPLETED = "detection:request:completed"

    SUBJECT_KEY_SHREDDED = "subject:key:shredded"
