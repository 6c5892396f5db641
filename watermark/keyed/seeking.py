"""The second part of an examination: where no clip was found by its pilot, certain clips are looked for without one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice, zip_longest
from uuid import UUID

from watermark.keyed import claimed, scoring
from watermark.keyed.claimed import Asked
from watermark.keyed.library import Library
from watermark.keyed.scanning import PILOT_SHARE, Finding, Scan, Track

WINDOWS = 2
"""Windows that are looked at, the liveliest."""
MOST_CLAIMED = 64
"""Clips looked for at every speed, stretch and pitch."""


def seek(scan: Scan, *, clips: Collection[UUID], newest: int) -> None:
    """Adds to a scan that was run what is found without pilots, in what the first part left of the false rate.

    Args:
        scan: Run, and without tracks.
        clips: Those that somebody claims to hear, at most `MOST_CLAIMED`: looked for at every line.
        newest: So many of all clips are looked for as fast and high as they were made: those registered last, of
            every shelf in turn.

    Raises:
        ValueError: More clips are claimed.
    """
    if len(clips) > MOST_CLAIMED:
        raise ValueError(f"At most {MOST_CLAIMED} clips can be looked for at every speed, got {len(clips)}.")
    ways = [
        (asked, every)
        for asked, every in ((_of(scan.library, clips), True), (_newest(scan.library, newest), False))
        if asked
    ]
    windows = _liveliest(scan)
    looks = max(1, len(ways) * len(windows))
    found = [
        (_found(scan, index, asked, every_line=every, looks=looks), index) for index in windows for asked, every in ways
    ]
    for finding, index in sorted(found, key=lambda pair: pair[0].log10_p)[:1]:
        scan.best = min([finding, *([scan.best] if scan.best else [])], key=lambda one: one.log10_p)
        if scan.evident(finding):
            track = Track(finding, {index: finding.placement})
            scan.tracks.append(track)
            scan.follow(track)


def _found(scan: Scan, index: int, asked: Sequence[Asked], *, every_line: bool, looks: int) -> Finding:
    window = scan.windows.all[index]
    best = claimed.sought(scan.windows.power(window), asked, every_line=every_line, first_row=window.start)
    scan.tried += best.tried
    log10_p = scoring.log10_p(best.match.z, tried=best.tried * looks / (1 - PILOT_SHARE))
    return Finding(best.match, best.placement.shelf, log10_p, best.placement)


def _liveliest(scan: Scan) -> list[int]:
    lively = [index for index, window in enumerate(scan.windows.all) if window.lively]
    return sorted(lively, key=lambda index: -scan.windows.all[index].loud)[:WINDOWS]


def _of(library: Library, clips: Collection[UUID]) -> list[Asked]:
    wanted = set(clips)
    places = [(shelf, place) for shelf in library.shelves for place, clip in enumerate(shelf.clips) if clip in wanted]
    return [Asked.at(shelf, place) for shelf, place in places]


def _newest(library: Library, most: int) -> list[Asked]:
    """Of all shelves in turn, since later places were registered later."""
    shelves = [[(shelf, place) for place in reversed(range(len(shelf.clips)))] for shelf in library.shelves]
    places = (one for turn in zip_longest(*shelves) for one in turn if one is not None)
    return [Asked.at(shelf, place) for shelf, place in islice(places, most)]
