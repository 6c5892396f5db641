"""Delivery (decision 3): the only exit for audio bytes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from audit.events import Event
from audit.log import append
from governance import clip_files, decisions
from governance.errors import ClipNotReadyError, DeliveryRefusedError
from governance.models import Clip
from synth_adapter.forms import MEDIA_TYPES, Form


@dataclass(frozen=True)
class Released:
    """Marked audio that may leave, now."""

    audio: bytes
    media_type: str
    filename: str


def release(clip_id: UUID, *, form: Form) -> Released:
    """The clip's bytes, if consent, mark and examination still stand at this moment.

    Raises:
        ClipNotReadyError: there is no such clip, or it is not kept in this form.
        DeliveryRefusedError: the gate said no; its reasons are in `.reasons` and the decision is kept.
    """
    clip = Clip.objects.select_related("permit__request__voice__consent", "voice").filter(id=clip_id).first()
    if clip is None:
        raise ClipNotReadyError("There is no such clip.")
    request = clip.permit.request
    decision = decisions.decide(request, stage="delivery", clip=clip)
    about = {"voice": clip.voice_id, "speaker": clip.voice.speaker_id}
    refs = {"clip": clip.id, "request": request.id, "decision": decision.id, **about}
    if decision.effect != "permit":
        append(Event.CLIP_RELEASE_REFUSED, refs=refs, data={"form": form})
        raise DeliveryRefusedError("The clip is not released.", reasons=decision.objections)
    audio = clip_files.opened(clip, form)
    append(Event.CLIP_RELEASED, refs=refs, data={"form": form})
    return Released(audio=audio, media_type=MEDIA_TYPES[form], filename=f"vivavoce-{clip.id}.{form}")
