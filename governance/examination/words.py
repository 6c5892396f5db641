"""Does the output say the words that were asked for: no more, no fewer, and every number, amount and date exactly?"""

from __future__ import annotations

from django.conf import settings

from governance.examination.findings import RETRY, Findings
from governance.rules import Objection
from safety.particulars import Departures, departures, numbers_in
from safety.registry import transcriber
from safety.transcripts import word_error_rate
from synth_adapter.waveform import Waveform

LONGEST_RUN_WORDS = 3
"""So many neighbouring words may a transcriber miss or invent before it is the engine that did."""
LONGEST_CHANGE_WORDS = 5
"""So many may it take for others; more in one place is another passage, however good the rest of a long text is."""


def examine_words(output: Waveform, *, text: str, language: str) -> Findings:
    """Transcribe the output and compare it with `text` (language as BCP 47)."""
    heard = transcriber().words(output, language=language)
    rate = round(word_error_rate(text, heard, language=language).rate, 3)
    found = departures(text, heard, language=language)
    objections = [*_judge_rate(rate), *_judge_runs(found), *_judge_change(found)]
    objections += _judge_numbers(found, text, heard, language)
    figures = {
        "word_error_rate": rate,
        "heard": heard,
        "longest_missing": " ".join(found.longest_missing),
        "longest_inserted": " ".join(found.longest_inserted),
        "longest_changed": [" ".join(words) for words in found.longest_changed],
    }
    return Findings(tuple(objections), figures)


def _judge_rate(rate: float) -> list[Objection]:
    limit = settings.EXAMINATION_MAX_WORD_ERROR_RATE
    if rate <= limit:
        return []
    explanation = "The words heard in the output are not the words that were asked for."
    measured: dict[str, float | str] = {"word_error_rate": rate, "limit": limit}
    return [Objection("output-other-words", "deny", explanation, RETRY, measured)]


def _judge_runs(found: Departures) -> list[Objection]:
    runs = {
        "output-words-missing": ("Words that were asked for are missing from the output.", found.longest_missing),
        "output-words-inserted": ("The output says words that nobody asked for.", found.longest_inserted),
    }
    return [
        Objection(rule, "deny", explanation, RETRY, {"words": " ".join(run), "limit": LONGEST_RUN_WORDS})
        for rule, (explanation, run) in runs.items()
        if len(run) > LONGEST_RUN_WORDS
    ]


def _judge_change(found: Departures) -> list[Objection]:
    lost, said = (" ".join(words) for words in found.longest_changed)
    if max(map(len, found.longest_changed)) <= LONGEST_CHANGE_WORDS:
        return []
    explanation = "A passage of the output is not the one that was asked for."
    measured: dict[str, float | str] = {"expected": lost, "heard": said, "limit": LONGEST_CHANGE_WORDS}
    return [Objection("output-passage-changed", "deny", explanation, RETRY, measured)]


def _judge_numbers(found: Departures, text: str, heard: str, language: str) -> list[Objection]:
    objections = []
    if found.numbers:
        measured: dict[str, float | str] = {
            "expected": ", ".join(numbers_in(text, language=language)),
            "heard": ", ".join(numbers_in(heard, language=language)),
            "changed": "; ".join(f"{lost or '(nothing)'} became {said or '(nothing)'}" for lost, said in found.numbers),
        }
        explanation = "A number, an amount or a date in the output is not the one that was asked for."
        objections.append(Objection("output-other-numbers", "deny", explanation, RETRY, measured))
    if found.negations:
        explanation = "A word that turns a yes into a no was lost or added."
        objections.append(Objection("output-negation-changed", "deny", explanation, RETRY, {"words": found.negations}))
    return objections
