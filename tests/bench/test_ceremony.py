"""What the ceremony's evaluation counts, and what it takes a recording to have said."""

from __future__ import annotations

import pytest

from bench.ceremony import _rows, outcome_of
from bench.ceremony_scripts import LEAST_WORDS, script_from, script_to_read
from consent.reasons import Reason
from consent.statement import compare_words

DENIED = Reason("phrase-not-heard", "deny", "The phrase was not heard.", "Read it again.")
DOUBTED = Reason("name-not-heard", "hold", "A name sounded different.", "Wait.")
SAID = "the ferry leaves at half past seven and the last one back goes just before midnight when it is dark"


@pytest.mark.parametrize(
    ("reasons", "outcome"),
    [([], "accepted"), ([DOUBTED], "held"), ([DENIED], "refused"), ([DOUBTED, DENIED], "refused")],
)
def test_a_denial_outweighs_a_doubt(reasons: list[Reason], outcome: str) -> None:
    assert outcome_of(reasons) == outcome


def test_a_recording_is_tried_with_its_own_words_and_its_last_five_as_the_phrase() -> None:
    script = script_from(SAID)
    assert script is not None
    assert script.phrase == "midnight when it is dark"
    heard = compare_words(SAID, script=script)
    assert (heard.word_error_rate, heard.phrase, heard.agreement) == (0.0, True, True)
    misheard = compare_words(SAID.replace("midnight", "morning"), script=script)
    assert not misheard.phrase


def test_a_recording_with_too_few_words_tries_nobody() -> None:
    assert script_from(" ".join(SAID.split()[: LEAST_WORDS - 1])) is None


def test_synthesisers_read_a_real_statement_with_a_phrase_of_their_own() -> None:
    script, other = script_to_read(0), script_to_read(1)
    assert "Ruth Cohen" in script.statement
    assert script.phrase != other.phrase
    assert compare_words(f"{script.statement} {script.phrase}", script=script).purposes_missing == ()


def test_every_outcome_is_counted_with_its_interval() -> None:
    rows = _rows("people", ["accepted", "accepted", "held", "refused"], wanted="accepted")
    assert [(row.value, row.sample_size, row.direction) for row in rows] == [
        (0.5, 4, "at least"),
        (0.25, 4, "at most"),
        (0.25, 4, "at most"),
    ]
    assert all(row.interval[0] <= row.value <= row.interval[1] for row in rows)
