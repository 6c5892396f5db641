from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from consent.hearing import Heard
from consent.statement import WordsHeard
from consent.verdict import LEAST_NAME_SOUND, judge
from safety.ports import Sign, SpoofFinding
from safety.protected_voices import ProtectedMatch
from safety.speech import SpeakerFinding
from tenancy.ids import new_id
from tests.embeddings import voice_at
from watermark.ports import Reading

LIMIT = configured.CEREMONY_MAX_WORD_ERROR_RATE
EXPIRES = datetime(2026, 11, 21, 12, tzinfo=UTC)
UNMARKED = Reading("perth", "not_marked", 0.1, 0.5, b"")
GOOD = Heard(
    transcript="I am Amara. I agree that …",
    words=WordsHeard(0.0, agreement=True, negations=(), purposes_missing=(), phrase=True, name_likeness=100.0),
    net_speech_seconds=9.0,
    speakers=SpeakerFinding("one", 0.8, 5),
    marks=(UNMARKED,),
    embedding=voice_at(1.0),
    living=SpoofFinding(-5.0, "bona_fide", 3, (), "c"),
)
Verdicts = list[tuple[str, str]]


def verdicts(
    heard: Heard = GOOD, *, late: float = -1.0, matches: tuple[ProtectedMatch, ...] = (), seen_before: bool = False
) -> Verdicts:
    received_at = EXPIRES + timedelta(seconds=late)
    found = judge(heard, received_at=received_at, expires_at=EXPIRES, matches=matches, seen_before=seen_before)
    assert all(reason.way_forward for reason in found)
    return [(reason.rule, reason.effect) for reason in found]


def rules(heard: Heard = GOOD, *, late: float = -1.0) -> list[str]:
    return [rule for rule, _ in verdicts(heard, late=late)]


def test_a_good_recording_has_nothing_against_it() -> None:
    assert rules() == []


def test_how_a_name_is_spelt_decides_nothing() -> None:
    assert verdicts(replace(GOOD, words=replace(GOOD.words, name_likeness=0.0))) == []


def test_a_name_that_does_not_sound_through_is_held_and_not_refused() -> None:
    assert verdicts(replace(GOOD, words=replace(GOOD.words, name_sound=LEAST_NAME_SOUND))) == []
    far_off = replace(GOOD, words=replace(GOOD.words, name_sound=LEAST_NAME_SOUND - 0.01))
    assert verdicts(far_off) == [("name-not-heard", "hold")]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("statement-not-heard", {"word_error_rate": LIMIT + 0.001}),
        ("agreement-not-heard", {"agreement": False}),
        ("statement-negated", {"negations": ("not",)}),
        ("purpose-not-heard", {"purposes_missing": ("games",)}),
        ("phrase-not-heard", {"phrase": False}),
    ],
)
def test_wrong_words_are_refused(rule: str, words: dict[str, object]) -> None:
    assert rules(replace(GOOD, words=replace(GOOD.words, **words))) == [rule]


@pytest.mark.parametrize(
    ("rule", "heard"),
    [
        ("too-little-speech", {"net_speech_seconds": 5.9}),
        ("too-little-speech", {"embedding": None}),
        ("several-speakers", {"speakers": SpeakerFinding("several", 0.2, 5)}),
        ("synthetic-mark-found", {"marks": (UNMARKED, Reading("keyed", "marked", 0.9, 0.5, b"\x01"))}),
        ("mark-unread", {"marks": ()}),
    ],
)
def test_a_wrong_voice_is_refused(rule: str, heard: dict[str, object]) -> None:
    assert rules(replace(GOOD, **heard)) == [rule]


def test_a_recording_counts_until_the_phrase_runs_out_and_not_a_second_longer() -> None:
    assert rules(late=0.0) == []
    assert rules(late=1.0) == ["phrase-too-late"]


@pytest.mark.parametrize(
    ("rule", "heard"),
    [
        ("one-speaker-unclear", {"speakers": SpeakerFinding("inconclusive", None, 0)}),
        ("one-speaker-unclear", {"speakers": SpeakerFinding("inconclusive", 0.4, 5)}),
        ("ceremony-may-be-synthetic", {"living": SpoofFinding(5.0, "spoofed", 3, (), "c")}),
        ("ceremony-may-be-synthetic", {"living": SpoofFinding(0.0, "inconclusive", 3, (), "c")}),
        ("living-voice-unknown", {"living": None}),
    ],
)
def test_what_is_only_doubtful_is_held_for_a_person(rule: str, heard: dict[str, object]) -> None:
    assert verdicts(replace(GOOD, **heard)) == [(rule, "hold")]


def test_where_synthetic_speakers_are_admitted_their_sound_holds_nothing(settings: Settings) -> None:
    settings.DEMO_SYNTHETIC_SPEAKERS = True
    assert verdicts(replace(GOOD, living=SpoofFinding(5.0, "spoofed", 3, (), "c"))) == []


@pytest.mark.parametrize(
    ("action", "outcome", "effect"),
    [
        ("deny", "match", ["deny"]),
        ("deny", "inconclusive", ["hold"]),
        ("hold", "match", ["hold"]),
        ("hold", "inconclusive", ["hold"]),
        ("deny", "no_match", []),
    ],
)
def test_only_a_sure_match_on_a_list_that_denies_refuses_and_doubt_is_held(
    action: str, outcome: str, effect: list[str]
) -> None:
    match = ProtectedMatch(id=new_id(), name="Somebody", action=action, score=0.7, outcome=outcome)
    assert verdicts(matches=(match,)) == [("protected-voice", found) for found in effect]


def test_a_recording_that_was_sent_before_is_refused() -> None:
    assert verdicts(seen_before=True) == [("recording-seen-before", "deny")]


def test_every_reason_is_listed_with_a_way_forward() -> None:
    bad = replace(
        GOOD,
        words=WordsHeard(
            1.0, agreement=False, negations=("no",), purposes_missing=("games",), phrase=False, name_likeness=0.0
        ),
        net_speech_seconds=0.0,
        marks=(),
    )
    found = judge(bad, received_at=EXPIRES + timedelta(seconds=5), expires_at=EXPIRES, matches=())
    assert len(found) == 8
    assert all(reason.effect == "deny" and reason.way_forward for reason in found)
    assert found[0].as_json()["measured"] == {"word_error_rate": 1.0, "limit": LIMIT}


def test_a_recording_that_repeats_itself_is_refused() -> None:
    sign = Sign("repeated-take", "A copy.", {"seconds": 3.0})
    assert verdicts(replace(GOOD, living=SpoofFinding(-5.0, "bona_fide", 3, (sign,), "c"))) == [
        ("repeated-take", "deny")
    ]
