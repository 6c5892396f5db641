from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.conf import settings

from consent.hearing import Heard
from consent.statement import WordsHeard
from consent.verdict import judge
from safety.comparison import CAMPPLUS, Embedding
from safety.protected_voices import ProtectedMatch
from safety.speech import SpeakerFinding
from tenancy.ids import new_id
from watermark.ports import Reading

LIMIT = settings.CEREMONY_MAX_WORD_ERROR_RATE
EXPIRES = datetime(2026, 11, 21, 12, tzinfo=UTC)
UNMARKED = Reading("perth", "not_marked", 0.1, 0.5, b"")
GOOD = Heard(
    transcript="I am Amara. I agree that …",
    words=WordsHeard(0.0, agreement=True, negations=(), purposes_missing=(), phrase=True, name_likeness=100.0),
    net_speech_seconds=9.0,
    speakers=SpeakerFinding("one", 0.8, 5),
    marks=(UNMARKED,),
    embedding=Embedding(CAMPPLUS, np.eye(192, dtype=np.float32)[0]),
)


def rules(heard: Heard = GOOD, *, late: float = -1.0, matches: tuple[ProtectedMatch, ...] = ()) -> list[str]:
    received_at = EXPIRES + timedelta(seconds=late)
    return [reason.rule for reason in judge(heard, received_at=received_at, expires_at=EXPIRES, matches=matches)]


def test_a_good_recording_has_nothing_against_it() -> None:
    assert rules() == []


def test_the_name_alone_decides_nothing() -> None:
    assert rules(replace(GOOD, words=replace(GOOD.words, name_likeness=0.0))) == []


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
        ("one-speaker-unclear", {"speakers": SpeakerFinding("inconclusive", None, 0)}),
        ("synthetic-mark-found", {"marks": (UNMARKED, Reading("keyed", "marked", 0.9, 0.5, b"\x01"))}),
        ("mark-unread", {"marks": ()}),
    ],
)
def test_a_doubtful_voice_is_refused(rule: str, heard: dict[str, object]) -> None:
    assert rules(replace(GOOD, **heard)) == [rule]


def test_a_recording_counts_until_the_phrase_runs_out_and_not_a_second_longer() -> None:
    assert rules(late=0.0) == []
    assert rules(late=1.0) == ["phrase-too-late"]


@pytest.mark.parametrize(
    ("action", "outcome", "refused"),
    [("deny", "match", True), ("deny", "inconclusive", False), ("hold", "match", False)],
)
def test_only_a_sure_match_on_a_list_that_denies_refuses_here_the_rest_is_for_enrolment(
    action: str, outcome: str, refused: bool
) -> None:
    match = ProtectedMatch(id=new_id(), name="Somebody", action=action, score=0.7, outcome=outcome)
    assert rules(matches=(match,)) == (["protected-voice"] if refused else [])


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
