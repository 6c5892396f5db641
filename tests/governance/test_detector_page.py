from __future__ import annotations

import html
import re
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audit.models import Entry
from governance import detector_page
from governance.detector_page import words_of
from governance.forensic_models import DetectorCall, Examination
from governance.forensics import public
from governance.listening import sound_file
from governance.models import Detection
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tests.consent.test_notice import grade, schulstufe
from tests.marks import FOUND_IN_NOTHING
from watermark.testimony import Outcome

pytestmark = pytest.mark.django_db
LOCALES = ("en", "de")
OUTCOMES: tuple[Outcome, ...] = ("marked", "not_marked", "inconclusive")


def ask(content: bytes | None = None, *, lang: str = "en", client: Client | None = None) -> Any:
    sent = {} if content is None else {"file": SimpleUploadedFile("a.flac", content)}
    return (client or Client(enforce_csrf_checks=True)).post(f"/detector?lang={lang}", sent)


def speech() -> bytes:
    return sound_file("bridge").read_bytes()


def said(answer: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


@pytest.fixture
def hears(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the marks say, without the search for them, which has tests of its own."""

    def hear(outcome: Outcome) -> None:
        monkeypatch.setattr(public.testifying, "screen", lambda *_, **__: outcome)

    return hear


@pytest.mark.parametrize("lang", LOCALES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_one_answer_one_picture_and_what_it_does_not_show(hears: Any, outcome: Outcome, lang: str) -> None:
    hears(outcome)
    answer, words = ask(speech(), lang=lang), words_of(lang)
    page = said(answer)
    order = [words["answer"][outcome], words["picture"].format(seconds=4), words["not_shown"][outcome]]
    places = [page.index(part) for part in order]
    assert (answer.status_code, places) == (200, sorted(places))
    assert answer.content.decode().count('<path class="outline') == 1
    assert f'<html lang="{lang}">' in answer.content.decode()


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_it_tells_neither_where_nor_how_clearly(hears: Any, outcome: Outcome) -> None:
    hears(outcome)
    page = ask(speech()).content.decode()
    assert 'class="ground' not in page
    assert 'class="splice' not in page
    assert not re.search(r"\b(score|clip [A-Z0-9]|LLR|p =)", said(ask(speech())))


def test_no_mark_is_never_called_real(hears: Any) -> None:
    hears("not_marked")
    assert "It does not show that the recording is real." in said(ask(speech()))


def test_nothing_is_kept_but_that_somebody_asked(hears: Any) -> None:
    hears("marked")
    before = Entry.objects.count()
    answer = ask(speech())
    assert (Detection.objects.count(), Examination.objects.count(), Entry.objects.count()) == (0, 0, before)
    assert DetectorCall.objects.count() == 1
    assert answer.cookies == {}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("lang", LOCALES)
def test_what_cannot_be_looked_at_is_named_with_what_to_do(lang: str, settings: Any) -> None:
    settings.AUDIO_MAX_BYTES = 2 * 1024 * 1024
    wrong = words_of(lang)["wrong"]
    long = encode_wav(Waveform(np.full(125 * 8_000, 0.1, np.float32), 8_000))
    cases = [
        (None, wrong["empty"]),
        (b"", wrong["empty"]),
        (b"This is no sound.", wrong["no_sound"]),
        (b"x" * (2 * 1024 * 1024 + 1), wrong["too_large"].format(megabytes=2)),
        (long, wrong["too_long"].format(minutes=2)),
        (encode_wav(Waveform(np.zeros(16_000, np.float32), 16_000)), wrong["silent"]),
    ]
    for content, words in cases:
        answer = ask(content, lang=lang)
        assert (answer.status_code, words in said(answer)) == (422, True)
        assert '<a href="#file">' in answer.content.decode()


def test_one_address_may_ask_only_so_often(hears: Any) -> None:
    hears("not_marked")
    client = Client(enforce_csrf_checks=True)
    answers = [ask(speech(), client=client) for _ in range(public.MOST_CALLS + 1)]
    assert [answer.status_code for answer in answers] == [200] * public.MOST_CALLS + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert re.search(r"Wait [45][0-9] minutes|Wait 60 minutes", said(answers[-1]))


def test_a_detector_that_is_busy_asks_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "PATIENCE_SECONDS", 0.01)
    assert public._busy.acquire()
    try:
        answer = ask(speech())
    finally:
        public._busy.release()
    assert (answer.status_code, words_of("en")["wrong"]["busy"] in said(answer)) == (429, True)


@pytest.mark.parametrize("lang", LOCALES)
def test_whoever_was_copied_is_met_kindly_and_told_what_to_do(lang: str, settings: Any) -> None:
    settings.REPORT_TO = "abuse@example.org"
    page = Client().get("/detector", {"lang": lang})
    assert all(words in said(page) for words in words_of(lang)["help"].values())
    assert 'href="mailto:abuse@example.org"' in page.content.decode()
    settings.REPORT_TO = ""
    assert words_of(lang)["help"]["us_link"] not in said(Client().get("/detector", {"lang": lang}))


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("de-AT,de;q=0.9,en;q=0.5", "de"), ("en-GB", "en"), ("fr,de;q=0.3", "de"), ("fr", "en"), ("", "en")],
)
def test_it_speaks_the_readers_language(accepted: str, lang: str) -> None:
    answer = Client().get("/detector", headers={"Accept-Language": accepted})
    assert f'<html lang="{lang}">' in answer.content.decode()
    assert answer["Content-Language"] == lang


def test_both_languages_say_the_same_things() -> None:
    def names(words: dict[str, Any]) -> dict[str, Any]:
        return {name: names(said) if isinstance(said, dict) else None for name, said in words.items()}

    assert names(words_of("en")) == names(words_of("de"))
    assert detector_page.locales() == ("de", "en")


def sentences_of(words: Any) -> str:
    return words if isinstance(words, str) else "\n".join(map(sentences_of, words.values()))


def test_it_is_read_at_the_age_of_twelve() -> None:
    assert grade(sentences_of(words_of("en"))) < 7
    assert schulstufe(sentences_of(words_of("de"))) < 8


@pytest.mark.slow
def test_unmarked_speech_is_searched_and_no_mark_is_found() -> None:
    title = re.search(r'<h2 id="finding">(.*?)</h2>', ask(speech()).content.decode())
    assert title
    assert title[1] in {words_of("en")["answer"][outcome] for outcome in FOUND_IN_NOTHING}
