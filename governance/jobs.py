"""A job as an application sees it: the request, its decisions, its permit and its clip, summed up in one status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.errors import UnknownJobError
from governance.models import Clip, Decision, Permit, PermitStatus, SynthesisRequest

BY_PERMIT = {
    PermitStatus.ISSUED: "queued",
    PermitStatus.REDEEMED: "running",
    PermitStatus.COMPLETED: "completed",
    PermitStatus.FAILED: "failed",
    PermitStatus.WITHHELD: "withheld",
    PermitStatus.VOID: "void",
}


@dataclass(frozen=True)
class Job:
    """What became of an ask, so far."""

    id: UUID
    voice_id: UUID
    purpose: str
    status: str
    reasons: list[dict[str, Any]]
    decisions: list[Decision]
    clip: UUID | None
    seconds: float | None
    audible_disclosure: dict[str, Any] | None
    examination: dict[str, Any] | None
    mark: list[dict[str, Any]] | None
    timings: dict[str, Any] | None
    audio_url: str | None
    received_at: datetime


def find(job_id: UUID) -> Job:
    """The job; raises `UnknownJobError` for none, and for another organisation's."""
    request = SynthesisRequest.objects.filter(id=job_id).first()
    if request is None:
        raise UnknownJobError("There is no such job.")
    return describe(request)


def describe(request: SynthesisRequest) -> Job:
    """Sum up a request; a completed job whose clip is no longer releasable says so."""
    taken = list(request.decisions.order_by("decided_at"))
    permit = Permit.objects.filter(request=request).first()
    clip = Clip.objects.filter(permit=permit).first() if permit else None
    status, reasons = _status(taken, permit, clip)
    return Job(
        id=request.id,
        voice_id=request.voice_id,
        purpose=request.purpose,
        status=status,
        reasons=reasons,
        decisions=taken,
        clip=clip.id if clip else None,
        seconds=clip.seconds if clip else None,
        audible_disclosure={"kind": clip.disclosure, "seconds": clip.disclosure_seconds} if clip else None,
        examination=clip.examination if clip else None,
        mark=clip.mark_readings if clip else None,
        timings=clip.timings if clip else None,
        audio_url=f"/v1/tts/job/{request.id}/audio" if status == "completed" else None,
        received_at=request.received_at,
    )


def _status(taken: list[Decision], permit: Permit | None, clip: Clip | None) -> tuple[str, list[dict[str, Any]]]:
    if permit is None:
        intake = taken[0]
        return ("held" if intake.effect == "hold" else "denied"), intake.objections
    if clip is not None and clip.unreleasable_since is not None:
        reason = {
            "rule": "clip-unreleasable",
            "effect": "deny",
            "explanation": f"The clip is no longer released: {clip.unreleasable_reason}.",
            "way_forward": "Ask for the speech again under a valid consent.",
            "measured": {},
        }
        return "unreleasable", [reason]
    return BY_PERMIT[PermitStatus(permit.status)], permit.reasons
