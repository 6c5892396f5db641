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
    CONSENT_CODE_SENT = "consent:code:sent"
    CONSENT_CODE_REFUSED = "consent:code:refused"
    CONSENT_SESSION_OPENED = "consent:session:opened"
    CONSENT_NOTICE_SHOWN = "consent:notice:shown"
    CONSENT_AGE_DECLARED = "consent:age:declared"
    CONSENT_CHALLENGE_ISSUED = "consent:challenge:issued"
    CONSENT_RECORDING_COMMITTED = "consent:recording:committed"
    CONSENT_RECORDING_RECEIVED = "consent:recording:received"
    CONSENT_RECORDING_REFUSED = "consent:recording:refused"
    CONSENT_RECORDING_HELD = "consent:recording:held"
    CONSENT_REPRESENTATIVE_NAMED = "consent:representative:named"
    CONSENT_REPRESENTATIVE_REFUSED = "consent:representative:refused"
    CONSENT_GIVEN = "consent:record:given"
    CONSENT_RECEIPT_ISSUED = "consent:receipt:issued"
    CONSENT_WITHDRAWN = "consent:record:withdrawn"
    CONSENT_EXPIRED = "consent:record:expired"
    CONSENT_TOKEN_ISSUED = "consent:token:issued"  # noqa: S105 -- an event's name, no secret
    CONSENT_TOKEN_REFUSED = "consent:token:refused"  # noqa: S105 -- likewise
    CONSENT_SUPERSEDED = "consent:record:superseded"
    CONSENT_NARROWED = "consent:scope:narrowed"
    CONSENT_REMINDED = "consent:reminder:sent"

    VOICE_CREATED = "voice:record:created"
    VOICE_ENROLMENT_REFUSED = "voice:enrolment:refused"
    VOICE_ENROLMENT_HELD = "voice:enrolment:held"
    VOICE_REFERENCE_SEALED = "voice:reference:sealed"
    VOICE_REFERENCE_RENEWED = "voice:reference:renewed"
    VOICE_PREPARED = "voice:engine:prepared"
    VOICE_PREPARATION_REFUSED = "voice:engine:refused"
    VOICE_MOVED = "voice:consent:moved"
    VOICE_ERASED = "voice:reference:erased"

    PROTECTED_VOICE_ADDED = "protected-voice:record:added"
    PROTECTED_VOICE_REMOVED = "protected-voice:record:removed"
    PROTECTED_LIST_CREATED = "protected-voice:list:created"
    PROTECTED_LIST_CHANGED = "protected-voice:list:changed"
    PROTECTED_LIST_CHANGE_PROPOSED = "protected-voice:change:proposed"
    PROTECTED_LIST_CHANGE_APPROVED = "protected-voice:change:approved"
    PROTECTED_LIST_CHANGE_REJECTED = "protected-voice:change:rejected"
    PROTECTION_APPEAL_FILED = "protected-voice:appeal:filed"
    PROTECTION_APPEAL_DECIDED = "protected-voice:appeal:decided"

    REVIEW_OPENED = "review:material:opened"
    REVIEW_DECIDED = "review:case:decided"

    SYNTHESIS_REQUESTED = "synthesis:request:received"
    SYNTHESIS_DECIDED = "synthesis:gate:decided"
    PERMIT_ISSUED = "synthesis:permit:issued"
    PERMIT_VOIDED = "synthesis:permit:voided"
    RENDER_STARTED = "synthesis:render:started"
    RENDER_COMPLETED = "synthesis:render:completed"
    RENDER_FAILED = "synthesis:render:failed"
    RENDER_WITHHELD = "synthesis:render:withheld"
    INCIDENT_OPENED = "incident:record:opened"
    CLIP_MARK_REGISTERED = "clip:mark:registered"
    CLIP_RELEASED = "clip:audio:released"
    CLIP_RELEASE_REFUSED = "clip:audio:refused"
    CLIP_MADE_UNRELEASABLE = "clip:audio:made-unreleasable"

    UPLOAD_REFUSED = "upload:audio:refused"
    DETECTION_REQUESTED = "detection:request:received"
    DETECTION_COMPLETED = "detection:request:completed"
    PROVENANCE_MANIFEST_RESOLVED = "provenance:manifest:resolved"

    EXAMINATION_REQUESTED = "examination:request:received"
    EXAMINATION_PROTOCOL_FIXED = "examination:protocol:fixed"
    EXAMINATION_COMPLETED = "examination:request:completed"
    EXAMINATION_OPENED = "examination:material:opened"
    EXAMINATION_DELETED = "examination:material:deleted"

    EXAMINATION_EVIDENCE_ISSUED = "examination:evidence:issued"

    WEBHOOK_SIGNING_ROTATED = "organisation:webhook-secret:rotated"
    ORGANISATION_KEY_ROTATED = "organisation:key:rotated"
    ORGANISATION_KEY_DESTROYED = "organisation:key:destroyed"
    SUBJECT_KEY_SHREDDED = "subject:key:shredded"
    SUBJECT_PACK_ISSUED = "subject:pack:issued"

    LEGAL_HOLD_PLACED = "legal-hold:record:placed"
    LEGAL_HOLD_LIFTED = "legal-hold:record:lifted"
    RETENTION_RUN = "retention:job:run"
    CONSENT_PROOF_DESTROYED = "consent:proof:destroyed"
    SUBJECT_ERASED = "subject:record:erased"
    CONSENT_MATERIAL_ERASED = "consent:material:erased"
    ERASURE_POSTPONED = "subject:erasure:postponed"
    CERTIFICATE_ISSUED = "subject:certificate:issued"
