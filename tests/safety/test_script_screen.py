"""The rule screen: findings on every view, fair to ordinary people, in time that grows with the text."""

import time
from collections.abc import Callable

import pytest
from pytest_django import Settings

from bench.obfuscation import OBFUSCATIONS
from bench.script_screening import load
from safety.backends.rule_screen import RuleScreen
from safety.script.errors import ScriptError

SCAM = "Hi Grandma, it's me. I had an accident, send the money right away and don't tell Mom."
PROSE = ("The harbour smelled of tar and salt, and every gull in the county had an opinion. " * 70)[:5_000]


@pytest.fixture(scope="module")
def screen() -> RuleScreen:
    return RuleScreen()


def found(screen: RuleScreen, text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity) for finding in screen.screen(text, language=language)]


@pytest.mark.parametrize("disguise", OBFUSCATIONS, ids=lambda disguise: disguise.__name__)
def test_a_scam_is_denied_in_every_disguise(screen: RuleScreen, disguise: Callable[[str], str]) -> None:
    assert found(screen, disguise(SCAM))[0] == ("script-family-emergency", "deny")


def test_words_of_a_story_turn_a_denial_into_a_hold(screen: RuleScreen) -> None:
    line = "We have your daughter. Bring the money, and no police."
    assert found(screen, line) == [("script-kidnapping", "deny")]
    assert found(screen, f'"{line}" he said.') == [("script-kidnapping", "hold")]


def test_a_disguise_is_no_part_of_a_story(screen: RuleScreen) -> None:
    line = "W3 h4v3 y0ur d4ught3r. Br1ng th3 m0n3y, and n0 p0l1c3."
    assert found(screen, f"{line} he said.")[0] == ("script-kidnapping", "deny")


def test_speaking_as_a_public_figure_is_denied_and_naming_one_is_noted(screen: RuleScreen) -> None:
    assert found(screen, "I'm Elon Musk.") == [("public-figure-impersonation", "deny")]
    assert found(screen, "I have read about Elon Musk.") == [("public-figure-mention", "note")]


def test_a_name_that_many_bear_is_asked_about_and_not_denied(screen: RuleScreen) -> None:
    assert found(screen, "My name is Mike Johnson.") == [("public-figure-impersonation", "hold")]


def test_a_script_in_another_language_is_held(screen: RuleScreen) -> None:
    text = "Das ist ein ganz gewöhnlicher Satz, und er ist nicht lang."
    assert found(screen, text, "de") == []
    assert found(screen, text, "en") == [("script-language", "hold")]


def test_a_language_without_rules_is_held(screen: RuleScreen) -> None:
    assert found(screen, "おはようございます", "ja") == [("script-language-not-screened", "hold")]


def test_the_language_declared_does_not_switch_rules_off(screen: RuleScreen) -> None:
    assert found(screen, SCAM, "fr")[0] == ("script-family-emergency", "deny")


def test_findings_come_most_severe_first_and_explain_themselves(screen: RuleScreen) -> None:
    findings = screen.screen(f"{SCAM} I have read about Elon Musk.", language="en")
    assert [finding.severity for finding in findings] == ["deny", "note"]
    assert findings[0].evidence == "hi grandma … accident … send the money … dont tell mom"
    assert all(finding.explanation.endswith(".") for finding in findings)


def test_the_limit_of_the_settings_holds(screen: RuleScreen, settings: Settings) -> None:
    settings.SCRIPT_MAX_CHARACTERS = 10
    with pytest.raises(ScriptError, match="at most 10"):
        screen.screen("eleven char", language="en")


def test_the_exact_rules_are_named_for_the_record(screen: RuleScreen) -> None:
    assert len(screen.model.sha256) == 64
    assert RuleScreen().model == screen.model


def test_no_harmless_script_of_the_suite_is_denied(screen: RuleScreen) -> None:
    denied = [
        prompt.identifier
        for prompt in load("benign")
        if any(severity == "deny" for _, severity in found(screen, prompt.text, prompt.language))
    ]
    assert denied == []


def test_voices_of_people_who_need_them_are_never_stopped(screen: RuleScreen) -> None:
    stopped = [
        prompt.identifier
        for prompt in load("benign")
        if "assistive" in prompt.identifier or "grief" in prompt.identifier
        if any(severity != "note" for _, severity in found(screen, prompt.text, prompt.language))
    ]
    assert stopped == []


def test_hostile_scripts_that_shaped_the_rules_are_stopped(screen: RuleScreen) -> None:
    hostile = [prompt for prompt in load("hostile") if prompt.split == "tuning"]
    missed = [
        prompt.identifier
        for prompt in hostile
        if not any(severity != "note" for _, severity in found(screen, prompt.text, prompt.language))
    ]
    assert len(missed) <= len(hostile) // 20, missed


def seconds(screen: RuleScreen, text: str) -> float:
    timings = []
    for _ in range(3):
        started = time.process_time()
        screen.screen(text, language="en")
        timings.append(time.process_time() - started)
    return min(timings)


@pytest.mark.parametrize(
    "unit",
    ["send ", "s ", "a", "a.", "a-", "1!", "hi grandma its me send money ", "$3nd m0n3y 4 1 ", "i am president ",
     "this is im i am ", "one two three ", "владимир", "a\u200b", "\ufdfa", "sendmoneytothebank", ". . a", "a'"],
)  # fmt: skip
def test_hostile_repetition_takes_no_longer_than_prose_by_a_constant(screen: RuleScreen, unit: str) -> None:
    text = (unit * 5_000)[:5_000]
    assert seconds(screen, text) < 60 * seconds(screen, PROSE)


@pytest.mark.parametrize("unit", [".", "!", "...?", "-", "\u0336"])
def test_runs_of_marks_take_no_longer_than_prose_by_a_constant(screen: RuleScreen, unit: str) -> None:
    text = f"a{(unit * 5_000)[:2_499]}a{(unit * 5_000)[:2_499]}"
    assert seconds(screen, text) < 60 * seconds(screen, PROSE)


@pytest.mark.parametrize("unit", ["send ", "s ", "a", "hi grandma its me send money ", "1!"])
def test_time_grows_with_the_text_and_not_with_its_square(screen: RuleScreen, unit: str) -> None:
    short, long = ((unit * 5_000)[:length] for length in (1_250, 5_000))
    assert seconds(screen, long) < 10 * seconds(screen, short)
