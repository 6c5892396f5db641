"""Examinations: a file is handed in with a case number and a question; what came in is kept as it came.

The hash is taken at receipt, the bytes are sealed untouched, and the protocol is fixed and put on record before anybody
decodes them; `examining` does that later, on the queue.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from audit.events import Event
from audit.log import append
from governance.forensic_models import CustodyAction, CustodyEvent, Examination
from governance.forensics import custody, pictures, webhooks
from governance.forensics.errors import CustodyError, OriginalGoneError, UnknownExaminationError
from synth_adapter.decoding import decode
from synth_adapter.errors import AudioError
from tenancy import blobs
from tenancy.ids import new_id
from tenancy.scope import current_actor, current_organisation
from watermark import testifying

KIND = "examination-original"
TOOL = "governance.forensics.examinations"
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]{0,40}/[A-Za-z0-9][\w.+-]{0,50}")
_OPAQUE = "application/octet-stream"


def submit(
    audio: bytes,
    *,
    case_number: str,
    question: str,
    filename: str,
    media_type: str,
    claimed_clips: Sequence[UUID] = (),
    webhook_url: str = "",
) -> Examination:
    """Take in a file: hash it, seal it, fix the protocol, put both on record; queue it when this is committed.

    Args:
        audio: the bytes as they came; what they are is not looked at here.
        case_number: under which the asker files it.
        question: what they want to know, in their own words.
        filename: what they call the file.
        media_type: what they say it is.
        claimed_clips: clips that somebody says are in it, at most `seeking.MOST_CLAIMED`.
        webhook_url: where to say that the examination has ended, if anywhere.

    Raises:
        AudioError: audio-empty.
        WebhookAddressError: nothing may be sent to that address.
    """
    if not audio:
        raise AudioError("audio-empty", "The file has no bytes; send it again.")
    webhooks.require_allowed(webhook_url)
    examination_id, sha256 = new_id(), hashlib.sha256(audio).hexdigest()
    refs, protocol = {"examination": examination_id}, testifying.PROTOCOL
    append(Event.EXAMINATION_REQUESTED, refs=refs, data={"sha256": sha256, "size": len(audio)})
    fixed = {"protocol_sha256": protocol.sha256, "sha256": sha256}
    protocol_entry_id = append(Event.EXAMINATION_PROTOCOL_FIXED, refs=refs, data=fixed)
    examination = Examination.objects.create(
        id=examination_id,
        organisation_id=current_organisation(),
        case_number=case_number,
        question=question,
        claimed_clips=[str(clip) for clip in claimed_clips],
        requested_by=current_actor(),
        filename=filename[:255],
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else _OPAQUE,
        sha256=sha256,
        size=len(audio),
        blob=blobs.put(audio, subject_id=examination_id, kind=KIND, object_id=examination_id),
        protocol=protocol.as_json(),
        protocol_sha256=protocol.sha256,
        protocol_entry_id=protocol_entry_id,
        webhook_url=webhook_url,
    )
    came: dict[str, str | int] = {
        "size": len(audio),
        "filename": examination.filename,
        "media_type": examination.media_type,
    }
    if claimed_clips:
        came["claimed_clips"] = " ".join(examination.claimed_clips)
    custody.note(examination, action=CustodyAction.RECEIVED, in_sha256=sha256, tool=TOOL, parameters=came)
    sealed = {"protocol_sha256": protocol.sha256, "protocol_entry": str(protocol_entry_id)}
    custody.note(examination, action=CustodyAction.SEALED, in_sha256=sha256, tool="tenancy.blobs", parameters=sealed)
    return examination


def find(examination_id: UUID) -> Examination:
    """One examination of the organisation in scope; raises `UnknownExaminationError` for any other."""
    found = Examination.objects.filter(id=examination_id).first()
    if found is None:
        raise UnknownExaminationError("There is no such examination.")
    return found


def listed(*, case_number: str = "") -> QuerySet[Examination]:
    """Those of the organisation in scope, of one case or of all, newest first."""
    found = Examination.objects.filter(organisation_id=current_organisation()).order_by("-id")
    return found.filter(case_number=case_number) if case_number else found


def open_original(examination: Examination, *, purpose: str) -> bytes:
    """The bytes as they came in, compared with their hash; that they were opened, and what for, joins the chain.

    Raises:
        OriginalGoneError: they were deleted.
        KeyringError: what lies in storage is missing or is not what was sealed.
        CustodyError: they are not the bytes that were received.
    """
    if not examination.blob:
        raise OriginalGoneError(_gone(examination))
    audio = blobs.get(examination.blob, subject_id=examination.id, kind=KIND, object_id=examination.id)
    if hashlib.sha256(audio).hexdigest() != examination.sha256:
        raise CustodyError("What was opened is not what was received: its hash is another.")
    custody.note(
        examination,
        action=CustodyAction.OPENED,
        in_sha256=examination.sha256,
        tool="tenancy.blobs",
        parameters={"purpose": purpose},
    )
    return audio


def hand_out(examination: Examination) -> bytes:
    """The original, for an examiner to take away; on record. Raises as `open_original`."""
    audio = open_original(examination, purpose="handing out")
    custody.note(
        examination, action=CustodyAction.HANDED_OUT, in_sha256=examination.sha256, out_sha256=examination.sha256
    )
    _put_on_record(examination, "original")
    return audio


def spectrogram(examination: Examination) -> bytes:
    """A PNG of the original's sound, for an examiner; on record. Raises as `open_original`, and `AudioError`."""
    audio = open_original(examination, purpose="spectrogram")
    drawn = pictures.spectrogram(decode(audio).waveform)
    custody.note(
        examination,
        action=CustodyAction.HANDED_OUT,
        in_sha256=examination.sha256,
        out_sha256=hashlib.sha256(drawn).hexdigest(),
        tool="governance.forensics.pictures",
        parameters={"what": "spectrogram"},
    )
    _put_on_record(examination, "spectrogram")
    return drawn


def destroyed(examination: Examination) -> CustodyEvent | None:
    """When, by whom and why the original was destroyed; None while it is kept."""
    if examination.blob:
        return None
    gone = CustodyEvent.objects.filter(examination=examination, action=CustodyAction.DELETED)
    return gone.order_by("-sequence").first()


def _gone(examination: Examination) -> str:
    event = destroyed(examination)
    since = f" on {event.at:%Y-%m-%d}" if event else ""
    return f"The original was destroyed{since}; its hash, the findings and its chain of custody are kept."


def _put_on_record(examination: Examination, part: str) -> None:
    append(Event.EXAMINATION_OPENED, refs={"examination": examination.id}, data={"part": part})
