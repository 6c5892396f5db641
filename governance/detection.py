"""Read the marks of an upload given to the detector, then delete the upload."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from governance.models import Clip, Detection
from synth_adapter.decoding import decode
from synth_adapter.errors import AudioError
from tenancy import blobs
from tenancy.scope import organisation_scope
from watermark import marking
from watermark.errors import MarkError
from watermark.ports import Reading
from watermark.testimony import over

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
        status, readings, why = "completed", marking.detect(decode(audio).waveform), ""
    except (AudioError, MarkError) as error:
        status, readings, why = "failed", (), str(error)
    with organisation_scope(organisation_id, actor="system"):
        result = _result(readings) if status == "completed" else {"explanation": why}
        changed = Detection.objects.filter(id=detection_id, status="received").update(
            status=status, result=result, completed_at=timezone.now(), blob=""
        )
        if changed:
            blobs.delete(upload.blob)
            data = {"status": status, "verdict": str(result.get("verdict", ""))}
            append(Event.DETECTION_COMPLETED, refs={"detection": detection_id}, data=data)


def _result(readings: tuple[Reading, ...]) -> dict[str, Any]:
    return {
        "verdict": over(reading.outcome for reading in readings),
        "readings": [{**asdict(reading), "payload": _shown(reading)} for reading in readings],
        "note": NOT_SHOWN,
    }


def _shown(reading: Reading) -> str:
    """The payload, unless it names a clip of another organisation than the one in scope."""
    clip_id = marking.clip_named(reading)
    own = clip_id is None or Clip.objects.filter(id=clip_id).exists()
    return reading.payload.hex() if own else ""
