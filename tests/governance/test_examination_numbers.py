"""A wrong number or passage is withheld though all else is right: a stock voice says one, another was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from governance.examination.words import examine_words
from safety.errors import ComparisonError
from synth_adapter.backends.kokoro import Kokoro
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("heard_once")]
ASKED = (
    "Good morning, this is your bank. Your balance on the 21st of May was {amount}, and nothing is due before "
    "{day}. Thank you for listening, and have a pleasant day."
)
Say = Callable[..., Waveform]


@pytest.fixture(scope="module")
def say() -> Iterator[Say]:
    kokoro = Kokoro(
        model=locate("kokoro").path,
        voices=locate("kokoro-voices").path,
        config=locate("kokoro-config").path,
        threads=2,
    )
    yield lambda text=ASKED, **said: kokoro.speak(text.format(**said), stock_voice="af_heart", language="en-us")
    kokoro.close()


def test_the_very_amount_and_day_pass(say: Say) -> None:
    findings = examine_words(
        say(amount="$1,250", day="Monday"), text=ASKED.format(amount="$1,250", day="Monday"), language="en"
    )
    assert findings.objections == ()


@pytest.mark.parametrize(("amount", "day"), [("$125", "Monday"), ("$1,350", "Monday"), ("$1,250", "Friday")], ids=str)
def test_a_missing_digit_another_digit_and_another_day_do_not(say: Say, amount: str, day: str) -> None:
    findings = examine_words(
        say(amount=amount, day=day), text=ASKED.format(amount="$1,250", day="Monday"), language="en"
    )
    assert [objection.rule for objection in findings.objections] == ["output-other-numbers"]
    assert findings.figures["word_error_rate"] < 0.1


LONG = (
    "The engineers measured the bridge twice before they allowed the heavy lorries to cross. A cold wind blew down "
    "from the mountains, and by evening the whole valley was white. {passage} "
    "She had been away for many years, and yet the garden looked exactly as she remembered it."
)
PASSAGE = "Every day the baker opened early, and a line of people waited quietly along the wall."
OTHER = "Every day the baker opened early, and children ran about with bread and apples in their small hands."
WORSE = "Every day the baker opened early, and nobody ever paid him a penny for bread at all."


@pytest.mark.parametrize(
    ("passage", "rules"),
    [
        (PASSAGE, []),
        (OTHER, ["output-passage-changed"]),
        (WORSE, ["output-passage-changed", "output-other-numbers", "output-negation-changed"]),
        (PASSAGE.replace("opened early,", "opened early, the baker opened early,"), ["output-words-inserted"]),
    ],
    ids=["the very words", "another passage", "one with money and a no in it", "a phrase said twice"],
)
def test_another_passage_within_a_long_text_does_not_pass_though_few_words_are_wrong(
    say: Say, passage: str, rules: list[str]
) -> None:
    findings = examine_words(say(LONG, passage=passage), text=LONG.format(passage=PASSAGE), language="en")
    assert [objection.rule for objection in findings.objections] == rules
    assert findings.figures["word_error_rate"] < 0.25


def test_a_text_without_a_word_cannot_be_examined(say: Say) -> None:
    with pytest.raises(ComparisonError, match="no words"):
        examine_words(say("Hello."), text="…", language="en")
