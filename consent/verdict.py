"""Weigh what was heard in a ceremony recording: every reason to refuse or to hold it, none to accept it but absence.

What is certain refuses; what is only doubtful holds, and a person listens and decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from consent.hearing import Heard
from consent.reasons import Reason
from safety.protected_voices import ProtectedMatch
from safety.spoofing.demonstration import synthetic_speakers_admitted
from safety.spoofing.signs import REPEATED_TAKE

LEAST_NET_SPEECH_SECONDS = 6.0
LEAST_NAME_SOUND = 0.4
MAY_BE_SYNTHETIC = "ceremony-may-be-synthetic"
READ_AGAIN = "Ask for a new phrase, and read the statement and then the phrase, slowly and in a quiet place."
REVIEW = "A person listens to the recording and decides; nothing else has to be done now."
UNLIKELY = {"spoofed": "sounds synthetic or played back", "inconclusive": "may be synthetic or played back"}


def judge(
    heard: Heard,
    *,
    received_at: datetime,
    expires_at: datetime,
    matches: Sequence[ProtectedMatch],
    seen_before: bool = False,
) -> list[Reason]:
    """Every reason against a recording; an empty list accepts it."""
    return [
        *_judge_words(heard),
        *_judge_names(heard),
        *_judge_time(received_at=received_at, expires_at=expires_at),
        *_judge_voice(heard),
        *_judge_marks(heard),
        *_judge_takes(heard),
        *_judge_seen_before(seen_before=seen_before),
        *_judge_living(heard),
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


def _judge_names(heard: Heard) -> list[Reason]:
    """Ears mangle names, so one that does not sound through is no reason to refuse."""
    sound = heard.words.name_sound
    if sound >= LEAST_NAME_SOUND:
        return []
    text = "A name in the statement sounded different from what was to be read."
    return [Reason("name-not-heard", "hold", text, REVIEW, {"likeness": round(sound, 2), "limit": LEAST_NAME_SOUND})]


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
    measured = {} if heard.speakers.score is None else {"score": round(heard.speakers.score, 3)}
    if heard.speakers.outcome == "several":
        text, way_forward = "More than one voice was heard.", "Record again, alone and in a quiet place."
        found.append(Reason("several-speakers", "deny", text, way_forward, measured))
    elif heard.speakers.outcome != "one":
        text = "It could not be made sure that one person speaks."
        found.append(Reason("one-speaker-unclear", "hold", text, REVIEW, measured))
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


def _judge_takes(heard: Heard) -> list[Reason]:
    """A copied stretch is proof."""
    if heard.living is None:
        return []
    text = "A stretch of the recording is a copy of an earlier one; nobody says the same twice to the sample."
    return [
        Reason(REPEATED_TAKE, "deny", text, READ_AGAIN, dict(sign.measured))
        for sign in heard.living.signs
        if sign.kind == REPEATED_TAKE
    ]


def _judge_seen_before(*, seen_before: bool) -> list[Reason]:
    """Whose it was, where and when stays unsaid."""
    if not seen_before:
        return []
    text = "This recording, or a part of it, was sent before."
    return [Reason("recording-seen-before", "deny", text, READ_AGAIN)]


def _judge_living(heard: Heard) -> list[Reason]:
    """What only the detector thinks is no proof: a person listens."""
    if synthetic_speakers_admitted():
        return []
    if heard.living is None:
        return [Reason("living-voice-unknown", "hold", "Nobody asked whether a living voice speaks.", REVIEW)]
    if heard.living.outcome == "bona_fide":
        return []
    measured: dict[str, float | str] = {
        "synthetic_llr": round(heard.living.llr, 2),
        "outcome": heard.living.outcome,
    }
    if heard.living.signs:
        measured["signs"] = " ".join(sorted({sign.kind for sign in heard.living.signs}))
    return [Reason(MAY_BE_SYNTHETIC, "hold", f"The recording {UNLIKELY[heard.living.outcome]}.", REVIEW, measured)]


def _judge_protection(matches: Sequence[ProtectedMatch]) -> list[Reason]:
    """A sure match on a list that denies refuses; doubts, and lists that hold, wait for a reviewer."""
    found = []
    for match in matches:
        if match.outcome == "no_match":
            continue
        sure = match.action == "deny" and match.outcome == "match"
        if sure:
            text = "This voice or name is on a list of people who must not be cloned."
            way_forward = "If it is you, and you want this, ask the organisation to have the list looked at."
        else:
            text = "This voice or name may be that of a person who must not be cloned."
            way_forward = REVIEW
        measured: dict[str, float | str] = {"score": round(match.score, 3), "outcome": match.outcome}
        found.append(Reason("protected-voice", "deny" if sure else "hold", text, way_forward, measured))
    return found
