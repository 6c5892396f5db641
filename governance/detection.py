"""Read the marks of an upload given to the detector, then delete the upload."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from governance.models import Detection
from synth_adapter.decoding import decode
from synth_adapter.errors import AudioError
from tenancy import blobs
from tenancy.scope import organisation_scope
from watermark import marking
from watermark.errors import MarkError
from watermark.ports import Reading

NOT_SHOWN = (
    "A mark says that this sound left a system that marks its output. "
    "That no mark was found does not show that a recording is genuine: not every system marks, and marks can be lost."
)


def examine(detection_id: UUID, *, organisation_id: UUID) -> None:
    """Bring a detection from `received` to `completed` or `failed`; running it twice does no harm."""
    with organisation_scope(organisation_id, actor="system"):
        upload = Detection.objects.get(id=detection_id)
        if upload.status != "received":
            return
        audio = blobs.get(upload.blob, subject_id=upload.id, kind="detection-upload", object_id=upload.id)
    try:
        status, result = "completed", _read(audio)
    except (AudioError, MarkError) as error:
        status, result = "failed", {"explanation": str(error)}
    with organisation_scope(organisation_id, actor="system"):
        changed = Detection.objects.filter(id=detection_id, status="received").update(
            status=status, result=result, completed_at=timezone.now(), blob=""
        )
        if changed:
            blobs.delete(upload.blob)
            data = {"status": status, "verdict": str(result.get("verdict", ""))}
            append(Event.DETECTION_COMPLETED, refs={"detection": detection_id}, data=data)


def _read(audio: bytes) -> dict[str, Any]:
    readings = marking.detect(decode(audio).waveform)
    return {
        "verdict": _verdict(readings),
        "readings": [{**asdict(reading), "payload": reading.payload.hex()} for reading in readings],
        "note": NOT_SHOWN,
    }


def _verdict(readings: tuple[Reading, ...]) -> str:
    """One marker's clear yes is a yes; a clear no needs all of them."""
    outcomes = {reading.outcome for reading in readings}
    if "marked" in outcomes:
        return "marked"
    return "not_marked" if outcomes == {"not_marked"} else "inconclusive"
