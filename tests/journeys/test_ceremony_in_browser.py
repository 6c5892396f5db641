"""The ceremony as a speaker meets it: a link, a code, a notice, a microphone, an answer; and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker

from deploy.demo import play
from deploy.demo.cast import AMARA, PASSAGES, say, say_in_one
from deploy.demo.client import Client
from deploy.demo.leftovers import erase_leftovers
from deploy.demo.mailbox import texts_to, wait_for_code
from tests.cast import equip, found
from tests.journeys.browser import DESK, PHONE, Person, needs_chromium, person
from tests.journeys.conftest import LiveStack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), needs_chromium]
NEEDED, CHECKED = 8, '[data-samples]:not(:has([data-status="checking"]))'
"""Good sentences that make a voice; and the page on which none is being checked any more."""
ATTEMPTS = 4
"""Now and then a phrase of a synthetic voice is not made out, and asked for again."""
RAW = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False, "channelCount": 1}


@pytest.fixture
def application(live_stack: LiveStack, django_db_blocker: DjangoDbBlocker) -> Iterator[Client]:
    """A licensee's application; a voice it enrolled is erased afterwards, or it would hold a later test's."""
    with django_db_blocker.unblock():
        northwind = found("Northwind")
        yield Client(live_stack.base, equip(northwind).secret)
        erase_leftovers(slug=northwind.slug)


def asked(application: Client, **terms: Any) -> str:
    """The address of a new ceremony's page."""
    consent = play.ask_for_consent(application, AMARA, ["narration"], **terms)
    return str(consent["ceremony_url"]).replace("/v1/ceremonies/", "/c/")


def code_for(email: str, *, after: Callable[[], object]) -> str:
    """The code that comes by mail after that."""
    known = texts_to(email)
    after()
    return wait_for_code(email, known=known)


def pass_the_code(someone: Person, url: str) -> None:
    someone.page.goto(url)
    someone.shown("code")
    code = code_for(AMARA.email, after=someone.page.locator("form button").first.click)
    someone.page.wait_for_selector("input[name=code]")
    someone.shown("code-sent")
    someone.page.fill("input[name=code]", code)
    someone.page.locator("form button").first.click()
    someone.page.wait_for_url("**/notice")


def agree_to_read(someone: Person) -> None:
    someone.shown("notice")
    someone.page.check("input[name=adult][value=yes]")
    someone.page.locator("form button.large").click()
    someone.page.wait_for_url("**/record")


def turn_on(someone: Person) -> None:
    someone.page.click('[data-act="turnOn"] >> visible=true')
    someone.page.wait_for_selector('[data-state="quiet"]')


def record(someone: Person, *, saying: str | None = None) -> None:
    """Say the statement and the phrase, or in their place one sentence, which takes a third of the time."""
    someone.page.click('[data-act="record"] >> visible=true')
    someone.page.wait_for_selector('[data-state="recording"]')
    someone.shown("recording")
    statement = someone.page.locator("blockquote").inner_text()
    phrase = someone.page.locator("[data-text=phrase]").inner_text()
    someone.speak(say(AMARA, saying) if saying else say_in_one(AMARA, statement, f"{phrase}."))
    someone.page.click('[data-act="finish"]')
    someone.page.wait_for_selector('[data-state="listen"]')


def send(someone: Person) -> str:
    someone.shown("listen")
    someone.page.click('[data-act="transmit"] >> visible=true')
    someone.page.wait_for_selector("h1.said", timeout=240_000)
    return someone.heading()


def test_a_speaker_says_yes_and_takes_it_back(live_stack: LiveStack, application: Client) -> None:
    url = asked(application)
    with person(live_stack.base, viewport=PHONE, also=(DESK,)) as someone:
        pass_the_code(someone, url)
        agree_to_read(someone)
        someone.shown("microphone")
        turn_on(someone)
        someone.shown("quiet")
        for _ in range(ATTEMPTS):
            record(someone)
            if "You have said yes" in send(someone):
                break
            assert "That did not count yet" in someone.heading()
            someone.shown("refused")
            someone.page.click("a.button.large >> nth=0")
            someone.page.wait_for_url("**/record")
            turn_on(someone)
        constraints = someone.page.evaluate("window.microphoneAsked")
        assert someone.heading() == "You have said yes"
        someone.shown("given")
        someone.page.click("form button.large")
        someone.page.wait_for_url("**/r/*")
        someone.shown("own")
        someone.page.click("text=Take back my yes")
        someone.shown("withdraw")
        someone.page.click("text=Yes, take it back")
        someone.shown("withdrawn")
        assert someone.heading() == "It is done"
        assert someone.wrongs == []
    assert constraints in ([], [{"audio": RAW}])


def test_sentences_are_recorded_one_by_one_and_a_reload_loses_none(live_stack: LiveStack, application: Client) -> None:
    consent = play.ask_for_consent(application, AMARA, ["narration"])
    speaker = Client(live_stack.base)
    inside = play.open_ceremony(speaker, consent["ceremony_url"], AMARA)
    given = play.hold_ceremony(inside, consent["ceremony_url"], AMARA)
    assert given["consent_status"] == "given"
    url = consent["ceremony_url"].replace("/v1/ceremonies/", "/c/")
    with person(live_stack.base) as someone:
        someone.page.goto(url)
        code = code_for(AMARA.email, after=someone.page.locator("form button").first.click)
        someone.page.fill("input[name=code]", code)
        someone.page.locator("form button").first.click()
        someone.page.wait_for_selector("h1.said")
        someone.page.click("text=Record the sentences")
        someone.shown("samples")
        takes = someone.page.locator("[data-take]")
        hopeful = someone.page.locator('[data-take]:is([data-status="good"], [data-status="checking"])')
        for number in range(takes.count()):
            if hopeful.count() >= NEEDED:
                someone.page.wait_for_selector(CHECKED, timeout=240_000)
                if someone.page.locator("[data-done]").is_enabled():
                    break
            take = takes.nth(number)
            sentence = take.locator(".sentence").inner_text()
            take.locator("[data-act]").click()
            someone.speak(say(AMARA, sentence))
            take.locator("[data-act]").click()
            someone.page.wait_for_function("(take) => take.dataset.status", arg=take.element_handle())
            if number == 1:
                someone.page.wait_for_selector(CHECKED, timeout=240_000)
                someone.page.reload()
        someone.page.wait_for_selector(CHECKED, timeout=240_000)
        assert someone.page.locator('[data-take][data-status="good"]').count() == NEEDED
        someone.shown("samples-enough")
        someone.page.click("[data-done]")
        someone.page.wait_for_selector("h1.said")
        someone.shown("samples-done")
        assert someone.wrongs == []


def test_without_a_microphone_a_page_says_what_to_do(live_stack: LiveStack, application: Client) -> None:
    troubles = {"NotAllowedError": "blocked", "NotFoundError": "missing", "NotReadableError": "busy"}
    with person(live_stack.base) as someone:
        pass_the_code(someone, asked(application))
        agree_to_read(someone)
        for error, state in troubles.items():
            someone.refuse_microphone(error)
            someone.page.click('[data-act="turnOn"] >> visible=true')
            someone.page.wait_for_selector(f'[data-state="{state}"]')
            someone.shown(state)
        someone.refuse_microphone("")
        turn_on(someone)
        assert someone.wrongs == []


def test_a_recording_survives_a_reload_and_a_lost_network(live_stack: LiveStack, application: Client) -> None:
    with person(live_stack.base) as someone:
        pass_the_code(someone, asked(application))
        agree_to_read(someone)
        turn_on(someone)
        record(someone, saying=PASSAGES[0])
        someone.page.reload()
        someone.page.wait_for_selector('[data-state="found"]')
        someone.shown("found")
        someone.page.context.set_offline(True)
        someone.page.click('[data-act="transmit"] >> visible=true')
        someone.page.wait_for_selector('[data-state="offline"]')
        someone.page.context.set_offline(False)
        someone.page.wait_for_selector("h1.said", timeout=240_000)
        assert someone.wrongs == []


def test_two_tabs_do_not_mix(live_stack: LiveStack, application: Client) -> None:
    with person(live_stack.base) as someone:
        pass_the_code(someone, asked(application))
        agree_to_read(someone)
        turn_on(someone)
        record(someone, saying=PASSAGES[0])
        other = someone.page.context.new_page()
        other.goto(someone.page.url)
        other.wait_for_selector('[data-state="found"]')
        other.click('[data-act="discard"]')
        other.click('[data-act="turnOn"] >> visible=true')
        other.wait_for_selector('[data-state="quiet"]')
        other.click('[data-act="record"] >> visible=true')
        other.wait_for_selector('[data-state="recording"]')
        someone.page.click('[data-act="transmit"] >> visible=true')
        someone.page.wait_for_selector("h1.said, [data-state=expired]", timeout=240_000)


def test_the_keyboard_alone_is_enough_to_reach_the_microphone(live_stack: LiveStack, application: Client) -> None:
    url = asked(application)
    with person(live_stack.base, viewport=DESK) as someone:
        page = someone.page
        page.goto(url)
        code = code_for(AMARA.email, after=lambda: press_on(page, "form button"))
        page.wait_for_selector("input[name=code]")
        focus(page, "input[name=code]")
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.wait_for_url("**/notice")
        focus(page, "input[name=adult]")
        page.keyboard.press("Space")
        press_on(page, "form button.large")
        page.wait_for_url("**/record")
        press_on(page, '[data-act="turnOn"]')
        page.wait_for_selector('[data-state="quiet"]')
        press_on(page, '[data-state="quiet"] [data-when="quiet"] [data-act="record"]')
        page.wait_for_selector('[data-state="recording"]')
        press_on(page, '[data-act="finish"]')
        page.wait_for_selector('[data-state="short"]')


def focus(page: Any, selector: str) -> None:
    """Reach an element with the tabulator alone."""
    for _ in range(40):
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted) ?? false", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached with the keyboard")


def press_on(page: Any, selector: str) -> None:
    focus(page, selector)
    page.keyboard.press("Enter")


def test_the_statement_can_be_said_piece_by_piece(live_stack: LiveStack, application: Client) -> None:
    with person(live_stack.base) as someone:
        pass_the_code(someone, asked(application))
        agree_to_read(someone)
        someone.page.click("text=I cannot read aloud")
        someone.shown("unable")
        someone.page.click("text=Record piece by piece")
        someone.page.wait_for_url("**/repeat")
        pieces = someone.page.locator("[data-piece]")
        for number in range(pieces.count()):
            piece = pieces.nth(number)
            piece.locator("[data-act]").click()
            someone.page.wait_for_function(
                "() => [...document.querySelectorAll('[data-act]')].some((b) => b.textContent === 'Stop')"
            )
            said = piece.locator(".sentence, [data-phrase]").inner_text()
            someone.speak(say(AMARA, said))
            piece.locator("[data-act]").click()
            piece.locator("audio").wait_for()
        someone.shown("repeat")
        someone.page.click("[data-send]")
        someone.page.wait_for_selector("h1.said", timeout=240_000)
        assert someone.heading() in {"You have said yes", "That did not count yet"}
        assert someone.wrongs == []


def test_a_representative_waits_for_a_person(live_stack: LiveStack, application: Client) -> None:
    with person(live_stack.base) as someone:
        pass_the_code(someone, asked(application))
        agree_to_read(someone)
        someone.page.click("text=I cannot read aloud")
        someone.page.fill("input[name=who]", "Ines Lindqvist")
        someone.page.check("input[name=capacity] >> nth=0")
        someone.page.fill("textarea", "I am her guardian and agree for her to what the notice says.")
        paper = {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 guardianship"}
        someone.page.set_input_files("input[name=document]", files=[paper])
        someone.page.click("text=Send to be looked at")
        someone.page.wait_for_selector("h1.said")
        someone.shown("held")
        assert someone.heading() == "A person will look at this"
        assert someone.wrongs == []


def test_german_pages_speak_german(live_stack: LiveStack, application: Client) -> None:
    url = asked(application, locale="de", languages=["de"])
    with person(live_stack.base, viewport=DESK, locale="de-DE") as someone:
        someone.page.goto(url)
        assert someone.heading() == "Jemand fragt nach Ihrer Stimme"
        pass_the_code(someone, url)
        assert someone.page.locator("html").get_attribute("lang") == "de"
        agree_to_read(someone)
        someone.shown("microphone-de")
        turn_on(someone)
        record(someone, saying=PASSAGES[0])
        assert send(someone) == "Das hat noch nicht gezählt"
        someone.shown("refused-de")
        assert someone.wrongs == []


def test_a_speaker_under_age_is_sent_away_kindly(live_stack: LiveStack, application: Client) -> None:
    url = asked(application)
    with person(live_stack.base) as someone:
        pass_the_code(someone, url)
        someone.page.check("input[name=adult][value=no]")
        someone.page.locator("form button.large").click()
        someone.page.wait_for_selector("text=You have to be 18 for this")
        someone.shown("under-age")
        assert someone.wrongs == []


def test_whoever_gets_the_link_forwarded_sees_nothing(live_stack: LiveStack, application: Client) -> None:
    url = asked(application)
    with person(live_stack.base) as owner:
        pass_the_code(owner, url)
    with person(live_stack.base) as stranger:
        for place in ("", "/notice", "/record", "/samples"):
            stranger.page.goto(f"{url}{place}")
            assert "Amara" not in stranger.page.content()
            assert "Northwind" not in stranger.page.content()
            assert stranger.heading() == "Somebody asks about your voice"
