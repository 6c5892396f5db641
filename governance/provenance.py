"""From a sound back to its manifest: the mark names the clip, and what it was delivered with is found again."""

from __future__ import annotations

from audit.events import Event
from audit.log import append
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy.scope import organisation_scope
from watermark import register, testifying
from watermark.provenance import store
from watermark.provenance.claim import MARK_ALG, clip_of_binding
from watermark.provenance.store import Kept
from watermark.testimony import Candidate


def by_content(audio: bytes) -> list[Kept]:
    """The manifests of the clips that the mark in a recording names, in the order of their evidence.

    A mark that was copied onto other words names nothing. The finding is written into the trail of the caller's
    organisation and of the clip's own.

    Raises:
        AudioError: the recording cannot be decoded.
    """
    found: list[Kept] = []
    for candidate in named(decode(audio).waveform):
        if candidate.content == "other":
            continue
        manifests = store.of_clip(candidate.clip_id)
        found += manifests
        said = {"manifests": len(manifests)}
        append(Event.PROVENANCE_MANIFEST_RESOLVED, refs={"clip": candidate.clip_id}, data=said)
        with organisation_scope(candidate.organisation_id, actor="system"):
            append(Event.PROVENANCE_MANIFEST_RESOLVED, refs={"clip": candidate.clip_id}, data=said)
    return found


def by_binding(*, alg: str, value: str) -> list[Kept]:
    """The manifests that carry this soft binding; another algorithm's are not here."""
    clip_id = clip_of_binding(value) if alg == MARK_ALG else None
    return store.of_clip(clip_id) if clip_id else []


def named(waveform: Waveform) -> tuple[Candidate, ...]:
    """The registered clips that the keyed mark names."""
    return testifying.examine(waveform, library=register.library(), markers=()).candidates
