"""Decide and remember: facts gathered, the gate asked, the verdict stored with what it was made from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from audit.events import Event
from audit.log import append
from governance import facts as fact_gathering
from governance import gate
from governance.models import Clip, Decision, SynthesisRequest
from governance.rules import POLICY_VERSION, RULES, Objection
from safety.registry import script_screen


def as_reasons(objections: Sequence[Objection]) -> list[dict[str, Any]]:
    """Objections in the form in which reasons are stored and shown everywhere."""
    return [{**asdict(objection), "measured": dict(objection.measured)} for objection in objections]


def decide(request: SynthesisRequest, *, stage: str, clip: Clip | None = None) -> Decision:
    """Weigh a request at one of the three stages, with fresh facts; stores the decision and its audit entry."""
    started = time.perf_counter()
    facts = fact_gathering.gather(request, clip=clip)
    verdict = gate.decide(facts, RULES[stage])
    decision = Decision.objects.create(
        organisation_id=request.organisation_id,
        request=request,
        stage=stage,
        effect=verdict.effect,
        objections=as_reasons(verdict.objections),
        facts={**fact_gathering.to_json(facts), "models": models_behind(clip)},
        policy_version=POLICY_VERSION,
        seconds=time.perf_counter() - started,
    )
    append(
        Event.SYNTHESIS_DECIDED,
        refs={
            "request": request.id,
            "decision": decision.id,
            "voice": request.voice_id,
            "consent": request.voice.consent_id,
            "speaker": request.voice.speaker_id,
        },
        data={
            "stage": stage,
            "effect": verdict.effect,
            "rules": [objection.rule for objection in verdict.objections],
            "policy_version": POLICY_VERSION,
        },
    )
    return decision


def models_behind(clip: Clip | None) -> dict[str, str]:
    """Name and SHA-256 of every model that the facts rest on: the script screen's, and those that made the clip."""
    screen = script_screen().model
    return {screen.name: screen.sha256} | (clip.models_used if clip is not None else {})


def replay(decision: Decision) -> bool:
    """Does the gate, given the stored facts, still say what was stored?"""
    verdict = gate.decide(fact_gathering.from_json(decision.facts), RULES[decision.stage])
    return verdict.effect == decision.effect and as_reasons(verdict.objections) == decision.objections
