"""Forensics as people meet it in a browser: the public detector, the examiner's pages, and the listening test."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.plugin import DjangoDbBlocker

from governance.detector_page import words_of
from governance.forensic_models import Examination
from governance.listening import TRIALS, sound_file
from tenancy.models import Organisation, Role, User
from tenancy.scope import organisation_scope
from tests.cast import PASSWORD, found, hire
from tests.governance.console_rows import fill
from tests.governance.examination_rows import complete, concluded, hand_in, named
from tests.journeys.browser import DESK, PHONE, Person, needs_chromium, person
from tests.journeys.conftest import LiveStack
from tests.marks import FOUND_IN_NOTHING
from watermark.testimony import Stretch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), needs_chromium]
PATIENCE_MS, PAUSE_MS = 60_000, 100
UNMARKED = {"No mark was found in this sound.", "It cannot be said whether this sound is marked."}
"""Headings of an examination that found nothing; why there are two is said at `FOUND_IN_NOTHING`."""


@pytest.fixture
def northwind(live_stack: LiveStack, django_db_blocker: DjangoDbBlocker) -> Iterator[Organisation]:
    """A licensee whose rows the web process sees."""
    with django_db_blocker.unblock():
        yield found("Northwind")


@pytest.fixture
def olga(northwind: Organisation) -> User:
    return hire(northwind, "Olga", role=Role.COMPLIANCE_OFFICER)


@pytest.fixture
def marked(northwind: Organisation) -> Examination:
    """A sentence of which the first two seconds are a clip of ours."""
    clip = fill(northwind, speaker_name="Amara").clip
    parts = (Stretch(0.0, 2.0, "marked", clip.id, 9.8), Stretch(2.0, 4.9, "not_marked", None, 0.2))
    row = hand_in(northwind)
    return complete(row, concluded("marked", named(clip.id, northwind.id), stretches=parts))


def eventually(page: Page, expression: str) -> None:
    """Wait until an expression is true; Playwright's own waiting needs an `eval` that these pages forbid."""
    for _ in range(PATIENCE_MS // PAUSE_MS):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(PAUSE_MS)
    raise AssertionError(f"It never came true: {expression}")


def playing(audio: str) -> str:
    """That this sound is being played."""
    return f"(audio => !audio.paused && audio.currentTime > 0)(document.querySelector('{audio}'))"


def sign_in(someone: Person, user: User, path: str) -> None:
    someone.page.goto(f"{someone.base}{reverse('console:sign-in')}?next={path}")
    someone.page.fill("input[name=username]", user.get_username())
    someone.page.fill("input[name=password]", PASSWORD)
    someone.page.click("button[type=submit]")
    someone.page.wait_for_url(f"**{path}")


def test_anybody_asks_about_a_recording(live_stack: LiveStack) -> None:
    with person(live_stack.base, viewport=PHONE) as someone:
        someone.page.goto(f"{live_stack.base}/detector")
        someone.shown("detector")
        someone.page.click("button[type=submit]")
        someone.shown("detector-wrong")
        assert someone.page.locator("input[type=file]").get_attribute("aria-invalid") == "true"
        someone.page.set_input_files("#file", sound_file("bridge"))
        someone.page.click("button[type=submit]")
        someone.page.wait_for_selector("#finding", timeout=240_000)
        someone.shown("detector-answer")
        answers = words_of("en")["answer"]
        assert someone.page.locator("#finding").inner_text() in {answers[outcome] for outcome in FOUND_IN_NOTHING}
        assert someone.page.locator(".sound-map .outline").count() == 1
        assert someone.wrongs == []


def test_an_examiner_hands_a_file_in_and_waits_for_the_answer(
    live_stack: LiveStack, olga: User, northwind: Organisation
) -> None:
    with person(live_stack.base, viewport=DESK) as someone:
        sign_in(someone, olga, reverse("console:forensics"))
        someone.shown("examinations-empty")
        someone.page.click("text=Examine a file")
        someone.page.fill("#case_number", "AZ 12/26")
        someone.page.click("form.sheet-form button")
        someone.shown("examination-form-wrong")
        assert someone.page.input_value("#case_number") == "AZ 12/26"
        someone.page.set_input_files("#file", sound_file("garden"))
        someone.page.fill("#question", "Does this come from a voice of ours?")
        someone.page.click("form.sheet-form button")
        someone.page.wait_for_selector("header.verdict")
        someone.shown("examination-waiting")
        someone.page.wait_for_selector("[data-picture]", timeout=300_000)
        someone.shown("examination-unmarked")
        assert someone.heading() in UNMARKED
        assert someone.wrongs == []


def test_the_picture_plays_at_the_place_that_is_pointed_at(
    live_stack: LiveStack, olga: User, marked: Examination
) -> None:
    path = reverse("console:examination", args=[marked.id])
    with person(live_stack.base, viewport=DESK) as someone:
        sign_in(someone, olga, path)
        someone.shown("examination-marked")
        page = someone.page
        assert someone.heading() == "This sound is marked, and the mark names one clip."
        assert page.locator("audio").get_attribute("src") is None
        page.locator("[data-stage]").focus()
        page.keyboard.press("5")
        eventually(page, "document.querySelector('audio').currentTime > 2")
        page.keyboard.press("ArrowLeft")
        eventually(page, "document.querySelector('audio').currentTime < 2")
        assert 25 < float(page.locator("[data-cursor]").get_attribute("x1").rstrip("%")) < 35  # type: ignore[union-attr]
        page.keyboard.press(" ")
        eventually(page, playing("audio"))
        page.click("text=Show the stretches as a table")
        page.click("text=Show the spectrogram")
        eventually(page, "document.querySelector('.spectrogram').naturalWidth > 0")
        someone.shown("examination-open")
        assert someone.wrongs == []
    assert _heard(marked.organisation_id, marked.id) == 1


def _heard(organisation_id: UUID, examination_id: UUID) -> int:
    """How often the sound was opened to be listened to."""
    with organisation_scope(organisation_id, actor="system"):
        row = Examination.objects.get(id=examination_id)
        return sum(event.parameters.get("purpose") == "listening" for event in row.custody.all())


def _answer(page: Page, number: int) -> None:
    page.wait_for_selector(f"h2:has-text('Trial {number} of')")
    eventually(page, "[...document.querySelectorAll('audio')].every(audio => audio.src.startsWith('blob:'))")


def test_somebody_listens_with_the_keyboard_alone(live_stack: LiveStack, olga: User) -> None:
    path = reverse("console:listening-test")
    with person(live_stack.base, viewport=DESK) as someone:
        sign_in(someone, olga, path)
        someone.shown("listening-start")
        someone.page.click("form.sheet-form button")
        someone.page.wait_for_selector("[data-trial]")
        page = someone.page
        for number in range(1, TRIALS + 1):
            _answer(page, number)
            if number == 1:
                someone.shown("listening-trial")
                page.keyboard.press("x")
                eventually(page, playing("[data-sound=x]"))
                page.keyboard.press("b")
                eventually(page, playing("[data-sound=b]"))
                assert page.evaluate("document.querySelector('[data-sound=x]').paused")
            page.focus("button[value=a]")
            page.keyboard.press("Enter")
        page.wait_for_selector("ol.ticks")
        someone.shown("listening-result")
        assert f"of {TRIALS} right" in someone.heading()
        assert someone.wrongs == []
