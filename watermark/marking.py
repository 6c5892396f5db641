"""Marks a clip with every configured marker and reads each mark back, or raises: nothing leaves half marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from synth_adapter.waveform import Waveform
from watermark import registry
from watermark.errors import MarkError
from watermark.keyed import fingerprint
from watermark.ports import ClipMark, Reading, Watermarker
from watermark.secrets import MarkSecrets

_IDENTIFIER_BYTES = 16


@dataclass(frozen=True)
class Marked:
    """Marked sound, with what was read back from it."""

    waveform: Waveform
    readings: tuple[Reading, ...]


def prepare(clip_id: UUID, sound: Waveform, secrets: MarkSecrets) -> tuple[ClipMark, bytes]:
    """What to mark a clip with, bound to what it says, and the fingerprint by which that is known again."""
    heard = fingerprint.of(sound)
    mark = ClipMark(
        clip_id=clip_id,
        epoch=secrets.epoch,
        pilot_secret=secrets.pilot_secret,
        clip_secret=secrets.clip_secret,
        content=fingerprint.digest(heard),
    )
    return mark, heard


def mark(waveform: Waveform, *, mark: ClipMark, markers: Sequence[Watermarker] | None = None) -> Marked:
    """Embed every mark in turn, then read all of them from the final sound.

    Raises:
        MarkError: There is no marker, one could not mark, or a mark could not be read back.
    """
    marked = embed(waveform, mark=mark, markers=markers)
    return Marked(marked, verify(marked, mark=mark, markers=markers))


def embed(waveform: Waveform, *, mark: ClipMark, markers: Sequence[Watermarker] | None = None) -> Waveform:
    """The sound with every mark in it, not read back yet; raises `MarkError` where one could not be embedded."""
    marked = waveform
    for marker in _chosen(markers):
        marked = marker.embed(marked, mark=mark)
        if len(marked.samples) != len(waveform.samples) or marked.rate != waveform.rate:
            raise MarkError(f"The marker {marker.identity.name} changed the length or the rate of the sound.")
    return marked


def verify(waveform: Waveform, *, mark: ClipMark, markers: Sequence[Watermarker] | None = None) -> tuple[Reading, ...]:
    """Read every mark, for instance after encoding; raises `MarkError` unless all are there and this very clip's."""
    chosen = _chosen(markers)
    readings = tuple(marker.verify(waveform, mark=mark) for marker in chosen)
    for reading in readings:
        if reading.outcome == "marked":
            continue
        if reading.payload:
            raise MarkError(f"The mark of {reading.marker} carries another payload than that of clip {mark.clip_id}.")
        score = f"score {reading.score:.3f}, needed {reading.threshold:.3f}"
        raise MarkError(f"The mark of {reading.marker} cannot be read back ({reading.outcome}: {score}).")
    return readings


def detect(waveform: Waveform, *, markers: Sequence[Watermarker] | None = None) -> tuple[Reading, ...]:
    """What every marker reads in `waveform`, those included that are only listened for; `MarkError` without any."""
    chosen = _chosen(markers)
    others = registry.other_markers() if markers is None else ()
    return tuple(marker.detect(waveform) for marker in (*chosen, *others))


def clip_named(reading: Reading) -> UUID | None:
    """The clip that a reading names, whoever's it is; None where its payload is no identifier."""
    whole = reading.outcome == "marked" and len(reading.payload) == _IDENTIFIER_BYTES
    return UUID(bytes=reading.payload) if whole else None


def _chosen(markers: Sequence[Watermarker] | None) -> Sequence[Watermarker]:
    """`markers`, or those of the settings where None was given; never an empty list."""
    chosen = registry.watermarkers() if markers is None else markers
    if not chosen:
        raise MarkError("There is no marker, and nothing may leave unmarked; name at least one in WATERMARKERS.")
    return chosen
