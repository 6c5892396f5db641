"""Files as they are handed in for examination, and clips that are really marked, with all that leads to them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np

from audit.events import Event
from audit.log import append
from governance.forensic_models import CustodyAction, CustodyEvent, Examination
from governance.forensics import custody
from governance.models import Clip
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import current_organisation, organisation_scope
from tests.governance.conftest import give_voice
from tests.governance.console_rows import _clip
from voices.models import Voice
from watermark import marking, register
from watermark.keyed import fingerprint
from watermark.keyed.embedding import embed
from watermark.keyed.grid import FRAMES
from watermark.secrets import mark_secrets

AUDIO = b"RIFF and so on, byte for byte"


@dataclass(frozen=True)
class Made:
    """A marked clip, its voice, and the file."""

    clip: Clip
    voice: Voice
    wav: bytes


def hand_in(audio: bytes = AUDIO, **changes: Any) -> Examination:
    """An examination as a row, with its sealed original, in the organisation in scope."""
    examination_id = new_id()
    values = {
        "id": examination_id,
        "organisation_id": current_organisation(),
        "case_number": "2026/17",
        "question": "Is this one of ours?",
        "requested_by": "system",
        "filename": "call.wav",
        "media_type": "audio/wav",
        "sha256": hashlib.sha256(audio).hexdigest(),
        "size": len(audio),
        "blob": blobs.put(audio, subject_id=examination_id, kind="examination-original", object_id=examination_id),
        "protocol": {"version": 1},
        "protocol_sha256": "a" * 64,
        "protocol_entry_id": uuid4(),
    }
    return Examination.objects.create(**{**values, **changes})


def receive(examination: Examination) -> CustodyEvent:
    """The first link of its chain."""
    return custody.note(examination, action=CustodyAction.RECEIVED, in_sha256=examination.sha256, tool="a test")


def make_clip(organisation: Organisation, sound: Waveform, *, name: str = "Amara") -> Made:
    """A clip of `organisation`, really marked and on the register, with everything on record that leads to it."""
    voice = give_voice(organisation, name=name)
    with organisation_scope(organisation.id, actor="system"):
        refs = {"voice": voice.id, "consent": voice.consent_id, "speaker": voice.speaker_id}
        append(Event.CONSENT_GIVEN, refs={"consent": voice.consent_id, "speaker": voice.speaker_id})
        append(Event.VOICE_PREPARED, refs=refs)
        clip = _clip(voice)
        permit = clip.permit
        asked = {**refs, "request": permit.request_id}
        append(Event.SYNTHESIS_REQUESTED, refs=asked)
        append(Event.SYNTHESIS_DECIDED, refs={**asked, "decision": permit.decision_id}, data={"stage": "intake"})
        made = {**asked, "permit": permit.id}
        append(Event.PERMIT_ISSUED, refs=made)
        append(Event.RENDER_COMPLETED, refs={**made, "clip": clip.id}, data={"wav_sha256": "9" * 64})
        append(Event.CLIP_RELEASED, refs={**asked, "clip": clip.id}, data={"form": "wav"})
        mark, heard = marking.prepare(clip.id, sound, mark_secrets())
        marked = marking.mark(sound, mark=mark).waveform
        register.enter(mark, seconds=sound.seconds, fingerprint=heard, subject_id=voice.speaker_id)
    return Made(clip=clip, voice=voice, wav=encode_wav(marked))


def robbed(organisation: Organisation, made: Made) -> Waveform:
    """The clip with its whole pilot written against, by somebody who knows every sign of it."""
    (shelf,) = register.library().shelves
    heard = register.fingerprint_of(organisation.id, made.clip.id)
    assert heard
    code = shelf.keys.clip_code(made.clip.id.bytes, content=fingerprint.digest(heard))
    pilot = np.tile(shelf.keys.pilots.pilots[code.hop], (FRAMES, 1))
    return embed(decode(made.wav).waveform, np.roll(-pilot, -code.start, axis=0).astype(np.int8), strength=1.0)
