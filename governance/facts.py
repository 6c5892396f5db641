"""Gather the facts that the gate weighs, afresh each time; what cannot be learnt is `None`, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone

from consent.queries import scope_of
from consent.scope import ConsentScope
from governance import disclosures
from governance.models import Clip, SynthesisRequest
from governance.rules import ClipFacts, ConsentFacts, DisclosureFacts, Facts, ScriptFact
from safety.registry import script_screen
from tenancy.keyring import subject_key_exists


def gather(request: SynthesisRequest, *, clip: Clip | None = None) -> Facts:
    """The facts of a request as they stand now; raises `ScriptError` for a text that is no script at all."""
    voice = request.voice
    scope = scope_of(voice.consent_id)
    findings = script_screen().screen(request.text, language=request.language)
    return Facts(
        at=timezone.now(),
        purpose=request.purpose,
        language=request.language,
        consent=None if scope is None else _consent_facts(scope),
        voice_status=voice.status,
        key_present=subject_key_exists(subject_id=voice.speaker_id),
        script=tuple(ScriptFact(f.rule, f.severity, f.explanation, f.evidence) for f in findings),
        disclosure=_disclosure_facts(request),
        clip=None if clip is None else _clip_facts(clip),
    )


def _consent_facts(scope: ConsentScope) -> ConsentFacts:
    return ConsentFacts(
        status=scope.status,
        purposes=tuple(sorted(scope.purposes)),
        languages=tuple(sorted(scope.languages)),
        valid_until=scope.valid_until,
    )


def _disclosure_facts(request: SynthesisRequest) -> DisclosureFacts:
    sign = disclosures.required(request)
    return DisclosureFacts(required=sign, possible=disclosures.possible(sign, language=request.language))


def _clip_facts(clip: Clip) -> ClipFacts:
    return ClipFacts(
        mark_verified=clip.mark_verified_at is not None,
        examination_passed=bool(clip.examination.get("passed")),
        unreleasable_reason=clip.unreleasable_reason,
        disclosure=clip.disclosure,
    )


def to_json(facts: Facts) -> dict[str, Any]:
    """Facts as stored with a decision."""
    stored = asdict(facts)
    stored["at"] = facts.at.isoformat()
    if facts.consent is not None:
        stored["consent"]["valid_until"] = facts.consent.valid_until.isoformat()
    return stored


def from_json(stored: Mapping[str, Any]) -> Facts:
    """Stored facts as the gate takes them; the inverse of `to_json`."""
    consent, script, clip = stored["consent"], stored["script"], stored["clip"]
    disclosure = stored["disclosure"]
    return Facts(
        at=datetime.fromisoformat(stored["at"]),
        purpose=stored["purpose"],
        language=stored["language"],
        consent=consent
        and ConsentFacts(
            status=consent["status"],
            purposes=tuple(consent["purposes"]),
            languages=tuple(consent["languages"]),
            valid_until=datetime.fromisoformat(consent["valid_until"]),
        ),
        voice_status=stored["voice_status"],
        key_present=stored["key_present"],
        script=None if script is None else tuple(ScriptFact(**found) for found in script),
        disclosure=disclosure and DisclosureFacts(**disclosure),
        clip=clip and ClipFacts(**clip),
    )
