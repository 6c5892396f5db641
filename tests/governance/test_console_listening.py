from __future__ import annotations

import html
import io
import re
import wave
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from governance.console.listening_test import KEPT
from governance.listening import SENTENCES, TRIALS, Test
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy.models import User

PAGE, BEGIN, ANSWER = (reverse(f"console:listening-{name}") for name in ("test", "begin", "answer"))


@pytest.fixture
def listener(client: Client, ruth: User) -> Client:
    client.force_login(ruth)
    return client


def said(response: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def begin(listener: Client, *, sound: str = "all", strength: str = "shipped") -> Any:
    return listener.post(BEGIN, {"sound": sound, "strength": strength}, follow=True)


def running(listener: Client) -> Test:
    return Test.from_json(listener.session[KEPT])


def answer_all(listener: Client, *, right: int) -> Any:
    for trial in range(TRIALS):
        truth = running(listener).truth(trial)
        x_is = truth if trial < right else {"a": "b", "b": "a"}[truth]
        response = listener.post(ANSWER, {"trial": trial, "x_is": x_is}, follow=True)
    return response


def sound(trial: int, which: str) -> str:
    return reverse("console:listening-sound", args=[trial, which])


def tone(seconds: float) -> SimpleUploadedFile:
    samples = 0.3 * np.sin(np.arange(int(seconds * 16_000)) * 0.05)
    return SimpleUploadedFile("own.wav", encode_wav(Waveform(samples.astype(np.float32), 16_000)))


def test_any_member_may_listen_and_the_start_says_how_it_goes(listener: Client) -> None:
    page = said(listener.get(PAGE))
    assert "X is one of the two" in page
    assert "From 12 right answers on, luck is a poor explanation." in page


def test_a_trial_offers_three_sounds_and_does_not_tell_which_x_is(listener: Client) -> None:
    page = begin(listener)
    assert "Trial 1 of 16" in said(page)
    stored = listener.session[KEPT]
    assert stored["secret"] not in page.content.decode()
    found = [listener.get(sound(0, which)) for which in ("a", "b", "x")]
    assert {response["Content-Type"] for response in found} == {"audio/wav"}
    assert len({len(response.content) for response in found}) == 1
    assert len({response.content for response in found}) == 3
    with wave.open(io.BytesIO(found[0].content)) as file:
        assert (file.getframerate(), file.getnchannels()) == (24_000, 1)


def test_only_the_sounds_of_the_trial_that_waits_are_given(listener: Client) -> None:
    assert listener.get(sound(0, "x")).status_code == 404
    begin(listener)
    assert [listener.get(sound(trial, which)).status_code for trial, which in [(1, "x"), (0, "y")]] == [404, 404]


def test_a_double_click_answers_once(listener: Client) -> None:
    begin(listener)
    for _ in range(2):
        listener.post(ANSWER, {"trial": 0, "x_is": "a"})
    assert running(listener).answers == ("a",)
    listener.post(ANSWER, {"trial": 1, "x_is": "c"})
    assert running(listener).trial == 1


def test_guessing_is_called_guessing(listener: Client) -> None:
    begin(listener)
    page = said(answer_all(listener, right=9))
    assert "9 of 16 right: that is what guessing gives." in page
    assert "gets at least 9 of 16 right in about 4 of 10 cases (p = 0.4018, exact binomial, one-sided)" in page
    assert "It does not show that nobody hears it" in page


def test_hearing_it_is_called_hearing_it_but_luck_gets_there_too(listener: Client) -> None:
    begin(listener)
    page = said(answer_all(listener, right=14))
    assert "14 of 16 right: that is more than luck explains." in page
    assert "in 1 of 478 cases (p = 0.0021" in page
    assert "One listener in 26 reaches 12 of 16 by luck alone." in page


@pytest.mark.parametrize(("right", "heading"), [(16, "more than luck explains"), (4, "fewer than guessing gives")])
def test_a_chance_is_never_rounded_to_none_and_too_few_right_answers_are_no_guessing(
    listener: Client, right: int, heading: str
) -> None:
    begin(listener, sound="valley")
    page = said(answer_all(listener, right=right))
    assert f"{right} of 16 right: that is {heading}." in page
    assert ("p < 0.0001" in page) == (right == 16)
    assert "p = 0.0000" not in page
    assert f"“{SENTENCES['valley']}” Mark As strong as in every clip" in page


def test_the_picture_shows_what_guessing_gives_and_where_the_listener_is(listener: Client) -> None:
    begin(listener)
    page = answer_all(listener, right=13).content.decode()
    bars = re.findall(r'<rect class="(\w+)" x="(\d+)" y="([\d.]+)" width="16" height="([\d.]+)"', page)
    assert [kind for kind, *_ in bars] == ["likely"] * 12 + ["unlikely", "yours"] + ["unlikely"] * 3
    assert max(bars, key=lambda bar: float(bar[3]))[1] == str(8 * 18)
    assert {float(top) + float(height) for _, _, top, height in bars} == {92.0}
    assert "most often 8, hardly ever 12 or more. Yours is 13." in page


def test_the_stronger_mark_is_never_taken_for_the_real_one(listener: Client) -> None:
    begin(listener, strength="strong")
    page = said(answer_all(listener, right=16))
    assert "Hearing it here says nothing about clips" in page


def test_a_result_stays_until_a_new_test_begins(listener: Client) -> None:
    begin(listener)
    answer_all(listener, right=8)
    assert "8 of 16 right" in said(listener.get(PAGE))
    assert "How strong is the mark?" in said(listener.get(PAGE, {"again": "1"}))
    assert "Trial 1 of 16" in said(begin(listener, sound="valley"))


def test_an_unknown_choice_is_refused_in_words(listener: Client) -> None:
    response = begin(listener, sound="../../etc/passwd")
    assert response.status_code == 422
    assert "Choose what you want to listen to." in said(response)


def test_a_sound_of_ones_own_is_marked_on_request_and_kept_nowhere(listener: Client) -> None:
    begin(listener, sound="own")
    found = [listener.post(sound(0, which), {"file": tone(3.0)}) for which in ("a", "b", "x")]
    assert [response["Content-Type"] for response in found] == ["audio/wav"] * 3
    assert len({response.content for response in found}) == 3
    assert set(listener.session[KEPT]) == {"secret", "sound", "strength", "answers", "trials"}


@pytest.mark.parametrize("file", [None, SimpleUploadedFile("a.txt", b"no sound"), tone(0.4), tone(16.0)])
def test_what_cannot_be_listened_to_is_refused_in_words(listener: Client, file: Any) -> None:
    begin(listener, sound="own")
    response = listener.post(sound(0, "x"), {"file": file} if file else {})
    assert (response.status_code, response["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert response.content
