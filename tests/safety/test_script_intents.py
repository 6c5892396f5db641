"""Intents are combinations of cues within a window; single words say nothing."""

import pytest

from safety.script.intents import intent_book
from safety.script.phrases import compile_phrases
from safety.script.views import views


def rules(text: str) -> set[str]:
    return {sighting.intent.rule for sighting in intent_book().sightings(views(text, vocabulary=())[0].text)}


@pytest.mark.parametrize(
    "text", ["police", "gift card", "ransom", "bitcoin", "urgent", "Grandma, it's me", "your password", "send money"]
)
def test_a_single_cue_says_nothing(text: str) -> None:
    assert rules(text) == set()


def test_cues_far_apart_say_nothing() -> None:
    filler = "The sea was calm and the gulls were loud. " * 30
    near = "Hi Grandma, it's me. I had an accident. Send me money."
    assert rules(near) == {"script-family-emergency"}
    assert rules(f"Hi Grandma, it's me. {filler} I had an accident. {filler} Send me money.") == set()


def test_the_order_of_cues_does_not_matter() -> None:
    assert rules("Send me money. I had an accident. Hi Grandma, it's me.") == {"script-family-emergency"}


def test_a_request_that_is_denied_is_none() -> None:
    assert rules("We are calling from your bank. We will never ask for the code. Your account is locked.") == {
        "script-bank-impersonation"
    }


def test_a_condition_is_no_denial() -> None:
    hits = intent_book().hits(" . if you do not pay the fine today ", "money_ask")
    assert len(hits) == 1


def test_the_words_that_were_seen_are_evidence() -> None:
    text = views("Hi Grandma, it's me. I had an accident. Send me money.", vocabulary=())[0].text
    sighting = intent_book().sightings(text)[0]
    assert sighting.words == ("hi grandma", "accident", "send me money")


def test_every_intent_names_cues_that_exist_and_every_cue_serves() -> None:
    book = intent_book()
    used = {cue for intent in book.intents for cue in intent.cues} | {"framing"}
    assert used == set(book.patterns)
    assert {intent.severity for intent in book.intents} == {"deny", "hold"}


@pytest.mark.parametrize(
    ("phrase", "text", "seen"),
    [
        ("pay the? fine", "pay the fine", True),
        ("pay the? fine", "pay fine", True),
        ("pay ... now", "pay a b c d now", True),
        ("pay ... now", "pay a b c d e now", False),
        ("pay ... now", "pay it . now", False),
        ("urgent*", "urgently", True),
        ("pay #", "pay 4000", True),
        ("pay #", "pay 12", False),
        ("pay #", "pay thousand", True),
        ("hi <kin>", "hi oma", True),
        ("the tax_office", "the tax office", True),
        ("bank", "embank", False),
    ],
)
def test_the_phrase_notation(phrase: str, text: str, *, seen: bool) -> None:
    pattern = compile_phrases([phrase], words={"kin": "oma|opa"})
    assert (pattern.search(f" {text} ") is not None) is seen
