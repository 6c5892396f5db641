"""The public page where anyone, without an account, asks whether a recording is marked; it keeps nothing of it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from governance import sound_picture
from governance.api.client_address import client_address
from governance.forensics import public
from governance.forensics.errors import TooManyCallsError
from synth_adapter.decoding import decode
from synth_adapter.errors import AudioError
from watermark.testimony import Outcome

WORDS = Path(__file__).with_name("detector_words")
MEANINGS: dict[Outcome, str] = {"marked": "found", "not_marked": "neutral", "inconclusive": "hold"}
WRONG = {
    "audio-empty": "empty",
    "audio-too-large": "too_large",
    "audio-too-long": "too_long",
    "audio-decoder-limit": "too_long",
    "audio-silent": "silent",
}
MINUTE = 60


@csrf_exempt  # nothing is changed and nobody is signed in, so there is nothing to forge, and no cookie is needed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def detector(request: HttpRequest) -> HttpResponse:
    """The form; with a recording sent in, one answer, one picture, and what it does not show."""
    locale = _locale(request)
    words = words_of(locale)
    numbers = {
        "minutes": round(public.LONGEST_SECONDS / MINUTE),
        "megabytes": settings.AUDIO_MAX_BYTES // (1024 * 1024),
    }
    context: dict[str, Any] = {
        "locale": locale,
        "other_locale": next(other for other in locales() if other != locale),
        "words": words,
        "file_hint": words["file_hint"].format(**numbers),
        "report_to": _report_to(),
    }
    status, wait = 200, 0
    if request.method == "POST":
        try:
            context["answer"] = _answer(_sent(request), words, address=client_address(request))
        except AudioError as error:
            context["wrong"] = words["wrong"][WRONG.get(error.code, "no_sound")].format(**numbers)
            status = 422
        except TooManyCallsError as error:
            wait = round(error.wait)
            said = "busy" if wait < MINUTE else "too_often"
            context["wrong"] = words["wrong"][said].format(minutes=-(-wait // MINUTE))
            status = 429
    page = render(request, "public/detector.html", context, status=status)
    page["Content-Language"] = locale
    if wait:
        page["Retry-After"] = str(wait)
    return page


def locales() -> tuple[str, ...]:
    """The languages in which the page speaks."""
    return tuple(sorted(path.stem for path in WORDS.glob("*.toml")))


@cache
def words_of(locale: str) -> dict[str, Any]:
    """The wording of one of `locales()`."""
    return tomllib.loads((WORDS / f"{locale}.toml").read_text(encoding="utf-8"))


def _sent(request: HttpRequest) -> bytes:
    """The recording; raises `AudioError` where there is none or too much of it."""
    file: UploadedFile[bytes] | None = request.FILES.get("file")
    if file is None:
        raise AudioError("audio-empty", "No file was sent.")
    if (file.size or 0) > settings.AUDIO_MAX_BYTES:
        raise AudioError("audio-too-large", "The file is too large.")
    sent: bytes = file.read()
    return sent


def _answer(audio: bytes, words: dict[str, Any], *, address: str) -> dict[str, Any]:
    outcome = public.screen(audio, address=address)
    waveform = decode(audio).waveform
    return {
        "outcome": outcome,
        "meaning": MEANINGS[outcome],
        "title": words["answer"][outcome],
        "means": words["answer"][f"{outcome}_means"],
        "not_shown": words["not_shown"][outcome],
        "note": words["picture_note"][outcome],
        "described": words["picture"].format(seconds=f"{waveform.seconds:.0f}"),
        "picture": sound_picture.draw(sound_picture.peaks_of(waveform), seconds=waveform.seconds),
    }


def _report_to() -> str:
    """Where misuse can be reported, as the address of a link; empty where the operator has named no place."""
    named = settings.REPORT_TO
    return f"mailto:{named}" if "@" in named and "//" not in named else named


def _locale(request: HttpRequest) -> str:
    """The language asked for in the address, else the first that the browser accepts, else English."""
    accepted = [
        part.partition(";")[0].strip()[:2].lower() for part in request.headers.get("Accept-Language", "").split(",")
    ]
    for wanted in (request.GET.get("lang", ""), *accepted):
        if wanted in locales():
            return wanted
    return "en"
