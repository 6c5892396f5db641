"""The listening test: anybody in the house can check our claim that the mark cannot be heard."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect

from governance import listening
from governance.console import guessing_picture
from governance.console.pages import acting, filling_in, for_members, show
from governance.listening import LONGEST_OWN_SECONDS, OWN, SENTENCES, STRENGTHS, Test, Which
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform

KEPT = "listening_test"
PLACE = "forensics"
LEAST_SHOWN = 0.0001


@for_members
def page(request: HttpRequest) -> HttpResponseBase:
    """The start; a trial while a test runs; its result after the last."""
    test = _running(request)
    if test is None or "again" in request.GET:
        return _start(request)
    if test.done:
        return show(request, "console/listening_result.html", _result(test), place=PLACE)
    return show(request, "console/listening_test.html", _trial(test), place=PLACE)


@acting
def begin(request: HttpRequest) -> HttpResponseBase:
    """A new test in place of any that ran; it lives in the session and names nobody."""
    try:
        test = Test.begin(sound=request.POST.get("sound", ""), strength=request.POST.get("strength", ""))
    except ValueError:
        return _start(request, wrong="Choose what you want to listen to.")
    request.session[KEPT] = test.as_json()
    return redirect("console:listening-test")


@acting
def answer(request: HttpRequest) -> HttpResponseBase:
    """One answer; the number of its trial comes along, so that a double click answers once."""
    test = _running(request)
    said, trial = request.POST.get("x_is", ""), request.POST.get("trial", "")
    if test is not None and not test.done and trial == str(test.trial) and said in {"a", "b"}:
        request.session[KEPT] = test.answered(cast("Any", said)).as_json()
    return redirect("console:listening-test")


@filling_in
def sound(request: HttpRequest, trial: int, which: str) -> HttpResponseBase:
    """One of the three sounds of the trial that waits, as WAV; the listener's own comes with the request, by POST."""
    test = _running(request)
    if test is None or test.done or trial != test.trial or which not in {"a", "b", "x"}:
        raise Http404("No trial waits for this sound.")
    try:
        own = _own(request) if test.sound == OWN else None
    except AudioError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    heard = test.heard(cast("Which", which), trial=trial, own=own)
    return HttpResponse(encode_wav(heard), content_type="audio/wav", headers={"X-Content-Type-Options": "nosniff"})


def _own(request: HttpRequest) -> Waveform:
    """The listener's sound, which is kept nowhere; raises `AudioError` where it cannot be used."""
    file = request.FILES.get("file")
    if file is None:
        raise AudioError("audio-empty", "Choose a sound first.")
    if (file.size or 0) > settings.AUDIO_MAX_BYTES:
        raise AudioError("audio-too-large", "The file is too large. Choose a shorter sound.")
    waveform = decode(file.read()).waveform
    if not listening.SHORTEST_OWN_SECONDS <= waveform.seconds <= LONGEST_OWN_SECONDS:
        raise AudioError("audio-too-long", f"Choose a sound of 1 to {LONGEST_OWN_SECONDS:.0f} seconds.")
    return listening.bearable(waveform)


def _start(request: HttpRequest, *, wrong: str = "") -> HttpResponse:
    context = {
        "sentences": SENTENCES,
        "trials": listening.TRIALS,
        "longest": LONGEST_OWN_SECONDS,
        "strengths": STRENGTHS,
        "sent": {"sound": request.POST.get("sound", "all"), "strength": request.POST.get("strength", "shipped")},
        "wrong": wrong,
        "convincing": listening.convincing(),
    }
    return show(request, "console/listening_start.html", context, place=PLACE, status=422 if wrong else 200)


def _trial(test: Test) -> dict[str, Any]:
    return {
        "test": test,
        "number": test.trial + 1,
        "own": test.sound == OWN,
        "words": SENTENCES.get(test.sentence(test.trial), ""),
        "longest": LONGEST_OWN_SECONDS,
    }


def _result(test: Test) -> dict[str, Any]:
    chance = listening.by_guessing(test.right, of=test.trials)
    needed = listening.convincing(of=test.trials)
    rows = [
        {"number": number + 1, "said": said.upper(), "was": test.truth(number).upper()}
        for number, said in enumerate(test.answers)
    ]
    return {
        "test": test,
        "strong": test.strength == "strong",
        "chance": listening.chance_in_words(chance),
        "exact": f"p = {chance:.4f}" if chance >= LEAST_SHOWN else f"p < {LEAST_SHOWN}",
        "heard": test.right >= needed,
        "reversed": test.trials - test.right >= needed,
        "bars": guessing_picture.draw(test.right, of=test.trials),
        "likeliest": test.trials // 2,
        "words": SENTENCES.get(test.sound, ""),
        "rows": rows,
        "convincing": needed,
        "lucky": round(1 / listening.by_guessing(needed, of=test.trials)),
    }


def _running(request: HttpRequest) -> Test | None:
    stored = request.session.get(KEPT)
    return None if stored is None else Test.from_json(stored)
