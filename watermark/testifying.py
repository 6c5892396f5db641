"""Examines a sound: what every marker reads, whose clips it holds, where, and how sure that is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import numpy as np

from synth_adapter.waveform import Waveform
from watermark.keyed import fingerprint
from watermark.keyed.calibration import ChanceScores, RandomKeys
from watermark.keyed.detection import LEAST_SECONDS, read_short_id
from watermark.keyed.library import Library
from watermark.keyed.placing import evidence, spoken
from watermark.keyed.scanning import Scan, Track, likely_course
from watermark.keyed.seeking import seek
from watermark.keyed.timeline import STEP_SECONDS, Part
from watermark.keyed.windows import Windows
from watermark.ports import Watermarker
from watermark.protocol import PROTOCOL, Protocol
from watermark.testimony import Candidate, Layer, Null, Outcome, Stretch, Testimony, over

__all__ = ["KEYED", "PROTOCOL", "Protocol", "examine", "screen"]

KEYED = "keyed-mark"
"""The marker that is examined here itself, against everything registered; its own `detect` is not asked."""
SEMITONES = 12
CONTENT_WINDOWS = 8
"""Windows in which what is said is compared: about a minute."""


@dataclass(frozen=True)
class _Content:
    verdict: Literal["same", "other", "unknown"]
    score: float | None


def examine(
    waveform: Waveform,
    *,
    library: Library,
    markers: Sequence[Watermarker],
    claimed: Collection[UUID] = (),
    protocol: Protocol = PROTOCOL,
    progress: Callable[[float], None] | None = None,
) -> Testimony:
    """Everything that can be said about whose clips are in a sound.

    Args:
        waveform: Any length and rate; below one second nothing can be said about the keyed mark.
        library: All registered clips.
        markers: Whose `detect` is asked besides.
        claimed: Clips that somebody says are in it; they are looked for at every speed even where no pilot is heard.
        protocol: Fixed beforehand; its hash is in the result.
        progress: Told the finished share, 0 to 1.

    Raises:
        MarkError: A marker could not work.
        ValueError: More clips are claimed than `seeking.MOST_CLAIMED`.
    """
    tell = progress or (lambda _: None)
    chance = RandomKeys(protocol.null_keys, seed=_seed(waveform))
    scan = opened(waveform, library, protocol, chance)
    scan.run(lambda done: tell(0.9 * done))
    null = chance.scores()
    tracks = _named(scan, null, protocol)
    by_pilot = bool(tracks)
    if not by_pilot and _chance_holds(null, protocol):
        seek(scan, clips=claimed, newest=protocol.sought_clips)
        tracks = scan.tracks
    candidates = _candidates(scan, tracks, protocol, by_pilot=by_pilot)
    keyed = _keyed_layer(scan, candidates, markers, protocol)
    layers = (keyed, *(_layer(marker, waveform) for marker in markers if marker.identity.name != KEYED))
    tell(1.0)
    return Testimony(
        verdict=over(layer.outcome for layer in layers),
        seconds=waveform.seconds,
        layers=layers,
        candidates=candidates,
        stretches=_stretches(waveform, scan, keyed.outcome),
        null=_null(null, scan),
        clips_compared=library.size,
        tried=scan.tried,
        protocol_sha256=protocol.sha256,
    )


def screen(
    waveform: Waveform,
    *,
    library: Library,
    markers: Sequence[Watermarker],
    without_pilots: bool = False,
    protocol: Protocol = PROTOCOL,
) -> Outcome:
    """Whether there is a mark: ends at the first evidence, and says neither whose nor where; raises like `examine`.

    Args:
        waveform: As for `examine`, like the library, the markers and the protocol.
        library: All registered clips.
        markers: Whose `detect` is asked besides.
        without_pilots: Whether the clips registered last are looked for where no pilot leads to one, as an examination
            does: it costs seconds for each sound.
        protocol: Fixed beforehand.
    """
    scan = opened(waveform, library, protocol)
    if scan.first_evidence():
        return "marked"
    if without_pilots:
        seek(scan, clips=(), newest=protocol.sought_clips)
    if scan.tracks:
        return "marked"
    weak = scan.best is not None and scan.log10_p(scan.best) <= np.log10(protocol.inconclusive_rate)
    keyed: Outcome = "inconclusive" if weak or not scan.looks or not library.whole else "not_marked"
    asked = [marker.detect(waveform).outcome for marker in markers if marker.identity.name != KEYED]
    return over([keyed, *asked])


def opened(
    waveform: Waveform, library: Library, protocol: Protocol = PROTOCOL, chance: RandomKeys | None = None
) -> Scan:
    """A scan of a sound after a protocol, not begun; nothing is looked at below a second."""
    windows = Windows(waveform, seconds=protocol.window_seconds, overlap=protocol.overlap_seconds)
    if waveform.seconds < LEAST_SECONDS:
        windows.all = []
    return Scan(windows, library, false_rate=protocol.false_name_rate, chance=chance)


def _named(scan: Scan, null: ChanceScores, protocol: Protocol) -> list[Track]:
    """Tracks that still reach the false-name rate after everything was tried; none where random keys misbehave.

    Others are taken out of the scan, so that the time map shows what is named and nothing else.
    """
    sound = _chance_holds(null, protocol)
    scan.tracks = [track for track in scan.tracks if sound and _evident(scan, track)]
    return scan.tracks


def _chance_holds(null: ChanceScores, protocol: Protocol) -> bool:
    """Whether random keys score on this sound as they should."""
    return abs(null.mean) <= protocol.null_deviation and abs(null.deviation - 1.0) <= protocol.null_deviation


def _evident(scan: Scan, track: Track) -> bool:
    """A line may be too short to be evidence of its own clip, once another line of it is."""
    return any(scan.evident(other.best) for other in scan.tracks if other.clip == track.clip)


def _candidates(scan: Scan, tracks: Sequence[Track], protocol: Protocol, *, by_pilot: bool) -> tuple[Candidate, ...]:
    by_clip: dict[tuple[int, int], list[Track]] = {}
    for track in sorted(tracks, key=lambda one: one.best.log10_p):
        by_clip.setdefault(track.clip, []).append(track)
    return tuple(_candidate(scan, lines, protocol, by_pilot=by_pilot) for lines in by_clip.values())


def _candidate(scan: Scan, lines: Sequence[Track], protocol: Protocol, *, by_pilot: bool) -> Candidate:
    best, shelf = lines[0].best, lines[0].best.shelf
    log10_p = scan.log10_p(best)
    alignment = best.placement.alignment
    content = _content(scan, lines, protocol)
    validated = protocol.greatest_log10_lr if by_pilot else protocol.sought_greatest_log10_lr
    supported = 0.0 if content.verdict == "other" else validated
    return Candidate(
        clip_id=shelf.clips[best.match.place],
        organisation_id=shelf.organisation_id,
        epoch=shelf.epoch,
        z=round(best.match.z, 3),
        log10_p=round(log10_p, 3),
        log10_lr=round(min(-log10_p, supported), 3),
        speed=round(1 / alignment.scale, 4),
        pitch=round(float(SEMITONES * np.log2(alignment.pitch)), 2),
        content=content.verdict,
        content_score=content.score,
        by_pilot=by_pilot,
    )


def _content(scan: Scan, lines: Sequence[Track], protocol: Protocol) -> _Content:
    """Whether what is heard along the lines is what the clip says."""
    best, shelf = lines[0].best, lines[0].best.shelf
    clip = shelf.clips[best.match.place]
    known = scan.library.fingerprint(shelf.organisation_id, clip)
    if not known:
        return _Content("unknown", None)
    code = shelf.keys.clip_code(clip.bytes, content=fingerprint.digest(known))
    if not np.array_equal(code.signs, shelf.book.signs(best.match.place, hop=best.placement.alignment.hop)):
        return _Content("unknown", None)
    equal = bits = 0
    for line in lines:
        for index, placement in list(line.placements.items())[:CONTENT_WINDOWS]:
            start = scan.windows.all[index].start
            power = scan.windows.power(scan.windows.all[index])
            first, last = spoken(evidence(power, placement, first_row=start))
            found = fingerprint.compared(
                known,
                power,
                alignment=placement.alignment.moved(-start),
                chip=placement.chip - code.start,
                span=(first - start, last - start),
            )
            equal, bits = equal + found.equal, bits + found.bits
    if bits < protocol.content_least_bits:
        return _Content("unknown", None)
    share = equal / bits
    verdict: Literal["same", "other", "unknown"] = (
        "same" if share >= protocol.content_same else "other" if share <= protocol.content_other else "unknown"
    )
    return _Content(verdict, round(share, 4))


def _keyed_layer(
    scan: Scan,
    candidates: Sequence[Candidate],
    markers: Sequence[Watermarker],
    protocol: Protocol,
) -> Layer:
    """The outcome of all comparisons; its score is minus log10 of the best family-wise chance.

    Codes that were only copied onto the sound leave it inconclusive, as do silence, less than a second, and a library
    that may lack clips.
    """
    known = {marker.identity.name: marker.identity.sha256 for marker in markers}
    sha256 = known.get(KEYED, protocol.sha256)
    threshold = float(-np.log10(protocol.false_name_rate))
    if not scan.looks:
        return Layer(KEYED, sha256, "inconclusive", 0.0, threshold, "")
    score = -scan.log10_p(scan.best) if scan.best else 0.0
    blind, blind_score = _blind(scan)
    outcome: Outcome = "not_marked"
    if any(candidate.content != "other" for candidate in candidates):
        outcome = "marked"
    elif candidates or max(score, blind_score) >= -np.log10(protocol.inconclusive_rate):
        outcome = "inconclusive"
    payload = blind if outcome != "not_marked" else ""
    if outcome == "not_marked" and not scan.library.whole:
        outcome = "inconclusive"
    return Layer(KEYED, sha256, outcome, round(score, 3), threshold, payload)


def _blind(scan: Scan) -> tuple[str, float]:
    """The short id where a pilot is heard best, in hex, and minus log10 of the chance; a hint where to look."""
    if scan.clearest is None:
        return "", 0.0
    reading = read_short_id([scan.clearest], scan.library.pilots[scan.clearest.epoch])
    if reading is None:
        return "", 0.0
    score = max(0.0, -reading.log10_p - float(np.log10(max(1, scan.looks * len(scan.library.pilots)))))
    return (f"{reading.short_id:06x}", score) if score > 0 else ("", 0.0)


def _layer(marker: Watermarker, waveform: Waveform) -> Layer:
    reading = marker.detect(waveform)
    identity = marker.identity
    return Layer(
        identity.name, identity.sha256, reading.outcome, reading.score, reading.threshold, reading.payload.hex()
    )


def _stretches(waveform: Waveform, scan: Scan, keyed: Outcome) -> tuple[Stretch, ...]:
    if not scan.tracks:
        return (Stretch(0.0, waveform.seconds, keyed, None, 0.0),)
    clips = [track.best.shelf.clips[track.best.match.place] for track in scan.tracks]
    parts = likely_course(scan)
    found: list[Stretch] = []
    for part in parts:
        end = waveform.seconds if part is parts[-1] else part.end * STEP_SECONDS
        found.append(_stretch(part, clips, end))
    return tuple(found)


def _stretch(part: Part, clips: Sequence[UUID], end: float) -> Stretch:
    clip = clips[part.line] if part.line >= 0 else None
    outcome: Outcome = "marked" if clip else "not_marked" if part.telling else "inconclusive"
    return Stretch(part.start * STEP_SECONDS, end, outcome, clip, round(part.z, 3))


def _null(null: ChanceScores, scan: Scan) -> Null:
    best = scan.best.match.z if scan.best else np.inf
    return Null(
        keys=len(null.best),
        mean=round(null.mean, 5),
        deviation=round(null.deviation, 5),
        greatest=round(null.greatest, 3),
        reached=int(np.sum(null.best >= best)),
    )


def _seed(waveform: Waveform) -> int:
    return int.from_bytes(hashlib.sha256(waveform.samples.tobytes()).digest()[:8], "big")
