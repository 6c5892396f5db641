"""Somebody has learnt a pilot and written it inversely: the clip is still found by what is its own."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from bench.mark.attacks import attacked
from synth_adapter.waveform import Waveform
from tests.watermark.keyed_cast import (
    ANNOUNCEMENT,
    CLIPS,
    PILOTS,
    STUDIO_KEYS,
    joined,
    library,
    marked,
    speech,
)
from watermark import testimony
from watermark.keyed import fingerprint
from watermark.keyed.detection import LEAST_SECONDS
from watermark.keyed.embedding import embed
from watermark.keyed.grid import FRAMES
from watermark.keyed.library import Library
from watermark.keyed.scanning import Scan
from watermark.keyed.seeking import MOST_CLAIMED, seek
from watermark.keyed.windows import Windows
from watermark.protocol import PROTOCOL
from watermark.testifying import examine, screen


@pytest.fixture(scope="module")
def announcement() -> Waveform:
    return speech("libri_1034").cut(0.4, 4.4)


@pytest.fixture(scope="module")
def register(announcement: Waveform) -> Library:
    return library({ANNOUNCEMENT: announcement})


@pytest.fixture(scope="module")
def robbed(announcement: Waveform) -> Waveform:
    """The marked announcement with the whole pilot written against, by somebody who knows every sign of it."""
    content = fingerprint.digest(fingerprint.of(announcement))
    code = STUDIO_KEYS.clip_code(ANNOUNCEMENT.bytes, content=content)
    pilot = np.roll(np.tile(PILOTS[1].layouts[code.hop].pilot, (FRAMES, 1)), -code.start, axis=0)
    return embed(marked(announcement, ANNOUNCEMENT, STUDIO_KEYS), (-pilot).astype(np.int8), strength=1.0)


def examined(sound: Waveform, register: Library, *claimed: UUID, newest: int = 4_096) -> testimony.Testimony:
    protocol = replace(PROTOCOL, sought_clips=newest)
    return examine(sound, library=register, markers=[], claimed=claimed, protocol=protocol)


def scanned(sound: Waveform, register: Library) -> Scan:
    windows = Windows(sound, seconds=PROTOCOL.window_seconds, overlap=PROTOCOL.overlap_seconds)
    scan = Scan(windows, register, false_rate=PROTOCOL.false_name_rate, chance=None)
    scan.run(lambda _: None)
    return scan


def test_a_clip_without_its_pilot_is_named_with_its_words(robbed: Waveform, register: Library) -> None:
    assert examined(robbed, register, newest=0).candidates == ()  # by its pilot it is not found any more
    found = examined(robbed, register)
    (candidate,) = found.candidates
    assert (found.verdict, candidate.clip_id, candidate.content) == ("marked", ANNOUNCEMENT, "same")
    assert candidate.log10_p < -20
    assert (candidate.by_pilot, candidate.log10_lr) == (False, PROTOCOL.sought_greatest_log10_lr)


def test_screening_finds_it_where_it_takes_the_time(robbed: Waveform, register: Library) -> None:
    assert screen(robbed, library=register, markers=[], without_pilots=True) == "marked"
    assert screen(robbed, library=register, markers=[]) != "marked"


def test_one_that_runs_faster_is_found_where_it_is_claimed(robbed: Waveform, register: Library) -> None:
    faster = attacked(robbed, "speed 1.1")
    assert examined(faster, register).verdict != "marked"
    (candidate,) = examined(faster, register, ANNOUNCEMENT, newest=0).candidates
    assert candidate.clip_id == ANNOUNCEMENT
    assert candidate.speed == pytest.approx(1.1, abs=0.005)


def test_a_false_claim_names_nobody(robbed: Waveform, announcement: Waveform, register: Library) -> None:
    assert examined(announcement, register, *CLIPS[:8]).candidates == ()
    assert examined(robbed, register, *CLIPS[1:9], newest=0).candidates == ()


def test_it_is_followed_to_both_ends_of_a_long_sound(robbed: Waveform, register: Library) -> None:
    stranger = speech("libri_1069")
    found = examined(joined(stranger.cut(0.0, 6.0), robbed, stranger.cut(6.0, 12.0)), register)
    assert [part.clip_id for part in found.stretches] == [None, ANNOUNCEMENT, None]
    assert found.stretches[1].start == pytest.approx(6.0, abs=0.6)
    assert found.stretches[1].end == pytest.approx(10.0, abs=0.6)


def test_everything_that_was_tried_is_counted(announcement: Waveform, register: Library) -> None:
    scan = scanned(announcement, register)
    before = scan.tried
    seek(scan, clips=[], newest=10)
    assert scan.tried - before >= 10 * announcement.seconds / 0.016
    assert scan.tracks == []


def test_nothing_is_looked_for_in_too_little_sound_or_an_empty_register(
    announcement: Waveform, register: Library
) -> None:
    assert examined(announcement.cut(0.0, LEAST_SECONDS / 2), register, ANNOUNCEMENT).verdict == "inconclusive"
    nobody = Library(PILOTS, (), lambda _organisation, _clip: None)
    assert examined(announcement, nobody, ANNOUNCEMENT).candidates == ()


def test_too_many_claims_are_refused(announcement: Waveform, register: Library) -> None:
    with pytest.raises(ValueError, match=str(MOST_CLAIMED)):
        examined(announcement, register, *CLIPS[: MOST_CLAIMED + 1])
