"""What the ears doubt in a request to be protected: which doubt refuses it, and which the operator weighs."""

from __future__ import annotations

import pytest

from consent.reasons import Reason
from consent.verdict import REVIEW
from governance.do_not_clone import AGAIN, OPERATOR_DECIDES, weigh

SYNTHETIC = Reason("ceremony-may-be-synthetic", "hold", "The recording may be synthetic.", REVIEW)
SEVERAL = Reason("one-speaker-unclear", "hold", "It could not be made sure that one person speaks.", REVIEW)
UNHEARD = Reason("phrase-not-heard", "deny", "The phrase was not heard.", "Read it slowly.")


def told(*judged: Reason) -> list[tuple[str, str, str]]:
    return [(reason.rule, reason.effect, reason.way_forward) for reason in weigh(judged)]


def test_without_a_doubt_nothing_is_said() -> None:
    assert told() == []


@pytest.mark.parametrize("rule", ["ceremony-may-be-synthetic", "living-voice-unknown", "name-not-heard"])
def test_a_doubt_about_who_speaks_is_left_to_the_operator(rule: str) -> None:
    assert told(Reason(rule, "hold", "Who knows?", REVIEW)) == [(rule, "hold", OPERATOR_DECIDES)]


def test_any_other_doubt_refuses_since_nobody_can_listen_again() -> None:
    assert told(SYNTHETIC, SEVERAL) == [("one-speaker-unclear", "deny", AGAIN)]


def test_what_is_certain_refuses_in_its_own_words() -> None:
    assert told(UNHEARD, SYNTHETIC) == [("phrase-not-heard", "deny", "Read it slowly.")]
