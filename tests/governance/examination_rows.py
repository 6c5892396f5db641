"""Examinations as rows, with a real file behind them and findings as an examination writes them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

from django.utils import timezone

from governance.forensic_models import CustodyAction, Examination
from governance.forensics import custody, examinations, pictures
from governance.listening import sound_file
from synth_adapter.decoding import Decoded, decode
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from watermark.testimony import Candidate, Layer, Null, Outcome, Stretch, Testimony

SHA256 = "5e" * 32
KEYED = Layer("keyed-mark", SHA256, "marked", 41.2, 6.0, "")
PERTH = Layer("perth", "7a" * 32, "not_marked", 0.03, 0.5, "")
NULL = Null(keys=4_096, mean=0.01, deviation=1.0, greatest=3.9, reached=0)
ABSENT: dict[str, Any] = {"state": "absent", "ours": False, "claim": None, "findings": [], "manifest": None}


@cache
def baker() -> Decoded:
    """The sentence that every row here is about."""
    return decode(sound_file("baker").read_bytes())


def named(clip_id: UUID, organisation_id: UUID, **changes: Any) -> Candidate:
    """A candidate that was found beyond doubt, in sound as it was made."""
    found = Candidate(
        clip_id=clip_id,
        organisation_id=organisation_id,
        epoch=1,
        z=13.1,
        log10_p=-30.4,
        log10_lr=4.0,
        speed=1.0,
        pitch=0.0,
        content="same",
        content_score=0.83,
    )
    return replace(found, **changes)


def concluded(
    verdict: Outcome, *candidates: Candidate, stretches: tuple[Stretch, ...] = (), layers: tuple[Layer, ...] = ()
) -> Testimony:
    """What an examination of the sentence about the baker might find."""
    seconds = baker().waveform.seconds
    return Testimony(
        verdict=verdict,
        seconds=seconds,
        layers=layers or (replace(KEYED, outcome=verdict), PERTH),
        candidates=candidates,
        stretches=stretches or (Stretch(0.0, seconds, verdict, None, 0.0),),
        null=NULL,
        clips_compared=12_408,
        tried=3.2e9,
        protocol_sha256=SHA256,
    )


def hand_in(organisation: Organisation, *, case_number: str = "LKA-2026-0417", actor: str = "system") -> Examination:
    """A file that waits to be examined."""
    with organisation_scope(organisation.id, actor=actor):
        return examinations.submit(
            sound_file("baker").read_bytes(),
            case_number=case_number,
            question="Does the voice message of 14 November come from a voice of yours, and who asked for it?",
            filename="voicemail-2026-11-14.flac",
            media_type="audio/flac",
        )


def complete(
    row: Examination, found: Testimony, *, provenance: dict[str, Any] = ABSENT, elsewhere: tuple[UUID, ...] = ()
) -> Examination:
    """The examination ended with these findings."""
    decoded = baker()
    sound = {
        "seconds": round(decoded.waveform.seconds, 3),
        "sample_rate": decoded.waveform.rate,
        "channels": 1,
        "container": decoded.container,
        "codec": decoded.codec,
        "truncated": False,
        "peaks": pictures.peaks(decoded.waveform),
    }
    result = {
        **found.as_json(),
        "elsewhere": [str(clip_id) for clip_id in elsewhere],
        "sound": sound,
        "provenance": provenance,
    }
    with organisation_scope(row.organisation_id, actor="system"):
        now = timezone.now()
        Examination.objects.filter(id=row.id).update(
            status="completed", progress=1.0, result=result, completed_at=now, touched_at=now
        )
        custody.note(
            row,
            action=CustodyAction.EXAMINED,
            in_sha256=row.sha256,
            out_sha256=SHA256,
            tool="watermark.testifying",
            parameters={"clips_compared": found.clips_compared},
        )
        row.refresh_from_db()
    return row


def fail(row: Examination, explanation: str) -> Examination:
    """The examination ended without an answer."""
    with organisation_scope(row.organisation_id, actor="system"):
        Examination.objects.filter(id=row.id).update(
            status="failed", explanation=explanation, completed_at=timezone.now()
        )
        row.refresh_from_db()
    return row
