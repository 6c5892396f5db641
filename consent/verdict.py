"""Weigh what was heard in a ceremony recording: every reason to refuse it, none to accept it but their absence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from consent.hearing import Heard
from consent.reasons import Reason
from safety.protected_voices import ProtectedMatch

LEAST_NET_SPEECH_SECONDS = 6.0
READ_AGAIN = "Ask for a new phrase, and read the statement and then the phrase, slowly and in a quiet place."


def judge(
    heard: Heard, *, received_at: datetime, expires_at: datetime, matches: Sequence[ProtectedMatch]
) -> list[Reason]:
    """Every reason against a recording; an empty list accepts it."""
    return [
        *_judge_words(heard),
        *_judge_time(received_at=received_at, expires_at=expires_at),
        *_judge_voice(heard),
        *_judge_marks(heard),
        *_judge_protection(matches),
    ]


def _judge_words(heard: Heard) -> list[Reason]:
    words, found = heard.words, []
    limit = settings.CEREMONY_MAX_WORD_ERROR_RATE
    if words.word_error_rate > limit:
        text = "What was heard is not the statement; too many of its words are missing or different."
        measured = {"word_error_rate": round(words.word_error_rate, 3), "limit": limit}
        found.append(Reason("statement-not-heard", "deny", text, READ_AGAIN, measured))
    if not words.agreement:
        text = "The words that say yes were not heard."
        found.append(Reason("agreement-not-heard", "deny", text, READ_AGAIN))
    if words.negations:
        text = "A word was heard that turns the statement into its opposite."
        said = {"words": " ".join(words.negations)}
        found.append(Reason("statement-negated", "deny", text, f"To say no, just close the page. {READ_AGAIN}", said))
    if words.purposes_missing:
        missing = ", ".join(words.purposes_missing)
        text = f"Not every purpose was heard: {missing}."
        found.append(Reason("purpose-not-heard", "deny", text, READ_AGAIN, {"missing": missing}))
    if not words.phrase:
        text = "The one-time phrase was not heard, word by word and in its order."
        found.append(Reason("phrase-not-heard", "deny", text, READ_AGAIN))
    return found


def _judge_time(*, received_at: datetime, expires_at: datetime) -> list[Reason]:
    late = (received_at - expires_at).total_seconds()
    if late <= 0:
        return []
    text = "The phrase had run out before the recording arrived."
    return [Reason("phrase-too-late", "deny", text, READ_AGAIN, {"seconds_late": round(late, 1)})]


def _judge_voice(heard: Heard) -> list[Reason]:
    found = []
    if heard.net_speech_seconds < LEAST_NET_SPEECH_SECONDS or heard.embedding is None:
        text = "The recording holds too little speech."
        measured = {"net_speech_seconds": round(heard.net_speech_seconds, 1), "least_seconds": LEAST_NET_SPEECH_SECONDS}
        found.append(Reason("too-little-speech", "deny", text, READ_AGAIN, measured))
    if heard.speakers.outcome != "one":
        several = heard.speakers.outcome == "several"
        text = "More than one voice was heard." if several else "It could not be made sure that one person speaks."
        rule = "several-speakers" if several else "one-speaker-unclear"
        measured = {} if heard.speakers.score is None else {"score": round(heard.speakers.score, 3)}
        found.append(Reason(rule, "deny", text, "Record again, alone and in a quiet place.", measured))
    return found


def _judge_marks(heard: Heard) -> list[Reason]:
    text = "The recording carries the mark of synthetic speech."
    way_forward = "Only the living voice can agree: record it afresh with a microphone."
    if not heard.marks:
        unread = "Nobody could tell whether the recording carries the mark of synthetic speech."
        return [Reason("mark-unread", "deny", unread, "Tell the operator; then record again.")]
    return [
        Reason(
            "synthetic-mark-found", "deny", text, way_forward, {"marker": mark.marker, "score": round(mark.score, 3)}
        )
        for mark in heard.marks
        if mark.outcome == "marked"
    ]


def _judge_protection(matches: Sequence[ProtectedMatch]) -> list[Reason]:
    """A sure match on a list that denies; doubts, and lists that hold, meet a reviewer at enrolment."""
    text = "This voice or name is on a list of people who must not be cloned."
    way_forward = "If it is you, and you want this, ask the organisation to have the list looked at."
    sure = [match for match in matches if match.action == "deny" and match.outcome == "match"]
    return [Reason("protected-voice", "deny", text, way_forward, {"score": round(m.score, 3)}) for m in sure]
