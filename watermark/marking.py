"""Marks a clip with every configured marker and reads each mark back, or raises: nothing leaves half marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from synth_adapter.waveform import Waveform
from watermark import registry
from watermark.errors import MarkError
from watermark.payload import payload_for
from watermark.ports import Reading, Watermarker


@dataclass(frozen=True)
class Marked:
    """Marked sound, with what was read back from it."""

    waveform: Waveform
    readings: tuple[Reading, ...]


def mark(waveform: Waveform, *, clip_id: UUID, markers: Sequence[Watermarker] | None = None) -> Marked:
    """Embed every mark in turn, then read all of them from the final sound.

    Raises:
        MarkError: There is no marker, one could not mark, or a mark could not be read back.
    """
    chosen = _chosen(markers)
    marked = waveform
    for marker in chosen:
        marked = marker.embed(marked, payload=payload_for(clip_id, bits=marker.capacity_bits))
        if len(marked.samples) != len(waveform.samples) or marked.rate != waveform.rate:
            raise MarkError(f"The marker {marker.identity.name} changed the length or the rate of the sound.")
    return Marked(marked, verify(marked, clip_id=clip_id, markers=chosen))


def verify(waveform: Waveform, *, clip_id: UUID, markers: Sequence[Watermarker] | None = None) -> tuple[Reading, ...]:
    """Read every mark, for instance after encoding; raises `MarkError` unless all are there and name `clip_id`."""
    chosen = _chosen(markers)
    readings = detect(waveform, markers=chosen)
    for marker, reading in zip(chosen, readings, strict=True):
        if reading.outcome != "marked":
            score = f"score {reading.score:.3f}, needed {reading.threshold:.3f}"
            raise MarkError(f"The mark of {reading.marker} cannot be read back ({reading.outcome}: {score}).")
        if reading.payload != payload_for(clip_id, bits=marker.capacity_bits):
            raise MarkError(f"The mark of {reading.marker} carries another payload than that of clip {clip_id}.")
    return readings


def detect(waveform: Waveform, *, markers: Sequence[Watermarker] | None = None) -> tuple[Reading, ...]:
    """What every marker reads in `waveform`; raises `MarkError` when there is no marker."""
    return tuple(marker.detect(waveform) for marker in _chosen(markers))


def _chosen(markers: Sequence[Watermarker] | None) -> Sequence[Watermarker]:
    """`markers`, or those of the settings where None was given; never an empty list."""
    chosen = registry.watermarkers() if markers is None else markers
    if not chosen:
        raise MarkError("There is no marker, and nothing may leave unmarked; name at least one in WATERMARKERS.")
    return chosen
