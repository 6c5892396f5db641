"""An examination names whose clips a sound holds, where, and how sure that is, and names nobody without evidence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.mark.attacks import attacked
from synth_adapter.waveform import Waveform
from tests.watermark.keyed_cast import (
    ANNOUNCEMENT,
    BROADCASTER,
    BROADCASTER_KEYS,
    BULLETIN,
    CLIPS,
    GREETING,
    PILOTS,
    RATE,
    STUDIO,
    STUDIO_KEYS,
    joined,
    library,
    marked,
    speech,
)
from watermark import testimony
from watermark.keyed import fingerprint
from watermark.keyed.codes import ClipKeys
from watermark.keyed.embedding import embed
from watermark.keyed.library import Library
from watermark.ports import MarkerIdentity, Reading
from watermark.protocol import PROTOCOL, Protocol
from watermark.testifying import KEYED, examine, screen

MEASURED = Path(__file__).resolve().parents[2] / "evaluation" / "mark.json"
MOST_OVER_CLAIM = 2.0
"""False alarms against claimed ones: a claim that comes true more often is not borne out."""


class Parrot:
    """A marker that says what it was told to."""

    capacity_bits = 8

    def __init__(self, outcome: testimony.Outcome, *, name: str = "parrot") -> None:
        self.identity, self.outcome = MarkerIdentity(name, "ab" * 32), outcome
        self.asked = 0

    def detect(self, waveform: Waveform) -> Reading:
        self.asked += 1
        return Reading(self.identity.name, self.outcome, 0.5, 0.7, b"\x2a")


@pytest.fixture(scope="module")
def announcement() -> Waveform:
    return speech("libri_1034").cut(0.4, 6.4)


@pytest.fixture(scope="module")
def bulletin() -> Waveform:
    return speech("libri_1040").cut(0.4, 6.4)


@pytest.fixture(scope="module")
def stranger() -> Waveform:
    return speech("libri_1069")


@pytest.fixture(scope="module")
def register(announcement: Waveform, bulletin: Waveform) -> Library:
    return library({ANNOUNCEMENT: announcement, BULLETIN: bulletin})


def examined(sound: Waveform, register: Library, *markers: Parrot) -> testimony.Testimony:
    return examine(sound, library=register, markers=list(markers))


def test_a_clip_is_named_with_what_was_done_to_it(announcement: Waveform, register: Library) -> None:
    sound = marked(announcement, ANNOUNCEMENT, STUDIO_KEYS).cut(1.0, 4.0)
    found = examined(attacked(sound, "speed 0.9"), register)
    (candidate,) = found.candidates
    assert (found.verdict, candidate.clip_id, candidate.organisation_id) == ("marked", ANNOUNCEMENT, STUDIO)
    assert (candidate.epoch, candidate.content) == (1, "same")
    assert candidate.speed == pytest.approx(0.9, abs=0.005)
    assert candidate.pitch == pytest.approx(-1.82, abs=0.15)
    assert candidate.log10_p < -6
    assert candidate.log10_lr == PROTOCOL.greatest_log10_lr
    assert [(part.outcome, part.clip_id) for part in found.stretches] == [("marked", ANNOUNCEMENT)]
    assert found.null.reached == 0
    assert found.clips_compared == 2 * len(CLIPS)
    assert testimony.Testimony.from_json(found.as_json()) == found


def test_two_clips_of_two_organisations_are_both_named_with_the_splice_between(
    announcement: Waveform, bulletin: Waveform, register: Library
) -> None:
    first = marked(announcement, ANNOUNCEMENT, STUDIO_KEYS).cut(1.0, 4.0)
    second = marked(bulletin, BULLETIN, BROADCASTER_KEYS).cut(2.0, 5.0)
    found = examined(joined(first, second), register)
    assert {(one.clip_id, one.organisation_id) for one in found.candidates} == {
        (ANNOUNCEMENT, STUDIO),
        (BULLETIN, BROADCASTER),
    }
    assert [part.clip_id for part in found.stretches] == [ANNOUNCEMENT, BULLETIN]
    assert found.stretches[0].end == pytest.approx(3.0, abs=0.5)


def test_words_put_into_a_clip_show_on_the_time_map(
    announcement: Waveform, stranger: Waveform, register: Library
) -> None:
    whole = marked(announcement, ANNOUNCEMENT, STUDIO_KEYS)
    found = examined(joined(whole.cut(0.0, 3.0), stranger.cut(2.0, 4.0), whole.cut(3.0, 6.0)), register)
    assert [part.outcome for part in found.stretches] == ["marked", "not_marked", "marked"]
    assert found.stretches[1].start == pytest.approx(3.0, abs=0.5)
    assert found.stretches[1].end == pytest.approx(5.0, abs=0.5)
    assert (found.stretches[0].start, found.stretches[-1].end) == (0.0, found.seconds)


def test_a_mark_copied_onto_other_words_is_found_out(
    announcement: Waveform, stranger: Waveform, register: Library
) -> None:
    """Someone has learnt every sign of a marked clip and writes them into another person's sound."""
    pattern = STUDIO_KEYS.pattern(ANNOUNCEMENT.bytes, content=fingerprint.digest(fingerprint.of(announcement)))
    found = examined(embed(stranger.cut(1.0, 6.0), pattern), register)
    (candidate,) = found.candidates
    assert (found.verdict, candidate.clip_id, candidate.content) == ("inconclusive", ANNOUNCEMENT, "other")
    assert candidate.log10_lr == 0.0


def test_without_its_fingerprint_a_clip_is_named_and_its_words_are_unknown(announcement: Waveform) -> None:
    erased = library({ANNOUNCEMENT: announcement}, known=False)
    (candidate,) = examined(marked(announcement, ANNOUNCEMENT, STUDIO_KEYS).cut(0.0, 3.0), erased).candidates
    assert (candidate.clip_id, candidate.content, candidate.content_score) == (ANNOUNCEMENT, "unknown", None)


def test_unmarked_speech_names_nobody(stranger: Waveform, register: Library) -> None:
    found = examined(stranger.cut(0.0, 5.0), register)
    assert (found.verdict, found.candidates) == ("not_marked", ())
    assert [(part.start, part.end, part.outcome) for part in found.stretches] == [(0.0, 5.0, "not_marked")]
    assert found.null.deviation == pytest.approx(1.0, abs=0.03)
    assert found.tried > 0


def test_a_clip_that_is_not_registered_is_not_named(announcement: Waveform, register: Library) -> None:
    """The pilots fit, and the short id may be read: a hint, and no evidence of anyone's clip."""
    foreign = ClipKeys(b"of nobody registered", pilots=PILOTS[1])
    found = examined(marked(announcement, GREETING, foreign), register)
    assert found.candidates == ()
    assert found.verdict == "inconclusive"
    assert found.layers[0].payload == f"{foreign.short_id(GREETING.bytes):06x}"


def test_a_long_sound_is_searched_piece_by_piece(
    announcement: Waveform, bulletin: Waveform, stranger: Waveform, register: Library
) -> None:
    told: list[float] = []
    sound = joined(
        stranger.cut(0.0, 10.0), marked(bulletin, BULLETIN, BROADCASTER_KEYS), stranger.cut(0.0, 7.0).resampled(RATE)
    )
    found = examine(sound, library=register, markers=[], progress=told.append)
    assert [one.clip_id for one in found.candidates] == [BULLETIN]
    (where,) = [part for part in found.stretches if part.outcome == "marked"]
    assert where.start == pytest.approx(10.0, abs=0.8)
    assert where.end == pytest.approx(16.0, abs=0.8)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_every_other_marker_is_asked_and_the_keyed_one_is_not(stranger: Waveform, register: Library) -> None:
    other, keyed = Parrot("inconclusive"), Parrot("marked", name=KEYED)
    found = examined(stranger.cut(0.0, 2.0), register, other, keyed)
    assert (other.asked, keyed.asked) == (1, 0)
    assert [(layer.marker, layer.outcome, layer.payload) for layer in found.layers] == [
        (KEYED, "not_marked", ""),
        ("parrot", "inconclusive", "2a"),
    ]
    assert found.layers[0].sha256 == keyed.identity.sha256
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize("what", ["less than a second", "silence"])
def test_where_nothing_can_be_heard_nothing_is_said(what: str, announcement: Waveform, register: Library) -> None:
    sound = announcement.cut(0.0, 0.9) if what != "silence" else Waveform(np.zeros(3 * RATE, np.float32), RATE)
    found = examined(sound, register)
    assert (found.verdict, found.tried, found.candidates) == ("inconclusive", 0, ())
    assert [(part.end, part.outcome) for part in found.stretches] == [(sound.seconds, "inconclusive")]
    assert screen(sound, library=register, markers=[]) == "inconclusive"


def test_screening_ends_at_the_first_evidence(announcement: Waveform, stranger: Waveform, register: Library) -> None:
    never = Parrot("not_marked")
    clip = marked(announcement, ANNOUNCEMENT, STUDIO_KEYS)
    assert screen(joined(clip, stranger), library=register, markers=[never]) == "marked"
    assert never.asked == 0
    assert screen(stranger.cut(0.0, 4.0), library=register, markers=[never]) == "not_marked"
    assert never.asked == 1


def test_the_protocol_has_one_hash_and_every_constant_enters_it() -> None:
    assert PROTOCOL.sha256 == Protocol().sha256
    assert len(PROTOCOL.sha256) == 64
    assert Protocol(false_name_rate=1e-5).sha256 != PROTOCOL.sha256
    assert PROTOCOL.as_json()["examination"]["false_name_rate"] == 1e-6


def test_the_likelihood_ratio_ends_where_validation_does() -> None:
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))["alarms"]["kinds"]["all"]
    borne_out = [float(claim) for claim, rate in measured["rates"].items() if rate["ratio"] <= MOST_OVER_CLAIM]
    assert measured["trials"] >= PROTOCOL.null_trials
    assert 10**-PROTOCOL.greatest_log10_lr >= min(borne_out)
    assert PROTOCOL.sought_greatest_log10_lr <= PROTOCOL.greatest_log10_lr
