"""The public page where anyone, without an account, checks a receipt that they were shown; it keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from consent.errors import ReceiptError
from consent.receipt_finding import LARGEST_FILE
from consent.receipt_wording import ReceiptWording, receipt_locales, receipt_wording
from consent.wording import wording
from governance import receipt_check

WRONG = {
    "receipt-incomplete": "incomplete",
    "receipt-too-large": "too_large",
    "receipt-not-found": "nothing_found",
    "receipt-several": "several",
}
# A code can be copied onto any page: that its receipt stands is no reason yet for a green tick.
NUMBER_ALONE = {"valid": "neutral", "superseded": "hold"}
LONGEST_TEXT = 200_000


@csrf_exempt  # nothing is changed and nobody is signed in, so there is nothing to forge, and no cookie is needed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """The form; with a receipt sent in, what there is to say about it; with a code's number, whether it stands."""
    words = receipt_wording(_locale(request))
    number = request.GET.get("receipt", "")
    context: dict[str, Any] = {
        "locale": words.locale,
        "other_locale": next(locale for locale in receipt_locales() if locale != words.locale),
        "words": words.check,
        "number": number,
        "pasted": request.POST.get("text", "")[:LONGEST_TEXT],
    }
    status = 200
    if request.method == "POST":
        status = _add_answer(context, words, text=request.POST.get("text", ""), file=request.FILES.get("file"))
    elif number:
        standing = receipt_check.of_number(number)
        context["code"] = {
            "verdict": words.check["code"][standing],
            "meaning": NUMBER_ALONE.get(standing, "deny"),
            "more": words.check["code"]["unknown_means" if standing == receipt_check.UNKNOWN else "means"],
        }
    page = render(request, "speaker/verify.html", context, status=status)
    page["X-Robots-Tag"], page["Content-Language"] = "noindex", words.locale
    return page


def _add_answer(context: dict[str, Any], words: ReceiptWording, *, text: str, file: UploadedFile[bytes] | None) -> int:
    """Puts the answer into the context, or what stood in the way of one; returns the status."""
    try:
        answer = _ask(text, file)
    except ReceiptError as error:
        context["wrong"] = words.check["wrong"][WRONG[error.code]]
        context["wrong_field"] = "text" if file is None else "file"
    except _NothingToCheckError as error:
        context["wrong"], context["wrong_field"] = words.check["wrong"][str(error)], "file"
    else:
        context["answer"] = {
            "title": words.check["answer"][answer.verdict],
            "means": words.check["answer"][f"{answer.verdict}_means"],
            "meaning": answer.meaning,
            "at": f"{words.date(answer.at.isoformat())}, {answer.at:%H:%M} UTC",
        }
        context["says"] = _says(answer.claims, words)
        context["pasted"] = ""
        return 200
    return 422


class _NothingToCheckError(Exception):
    """Neither a file nor a text was sent, or both."""


def _ask(text: str, file: UploadedFile[bytes] | None) -> receipt_check.Answer:
    if file is not None and text.strip():
        raise _NothingToCheckError("both")
    if file is not None:
        return receipt_check.of_file(file.read(LARGEST_FILE + 1))
    if not text.strip():
        raise _NothingToCheckError("empty")
    if len(text) > LONGEST_TEXT:
        raise ReceiptError("The text is longer than a receipt can be.", code="receipt-too-large")
    return receipt_check.of_text(text)


def _says(claims: Mapping[str, Any], words: ReceiptWording) -> list[tuple[str, str]]:
    """What the receipt says, row by row; what its holder did not show has no row."""
    consent, said = claims.get("consent", {}), words.check["says"]
    dates = {name: words.date(consent[name]) for name in ("given_at", "valid_until") if consent.get(name)}
    spread = claims.get("clips_may_be_distributed")
    values = {
        "name": claims.get("pii_principal", {}).get("name"),
        "organisation": claims.get("pii_controller", {}).get("name"),
        "purposes": "; ".join(purpose["description"] for purpose in claims.get("purposes", [])),
        "intended_use": claims.get("intended_use"),
        "compensation": claims.get("compensation"),
        "recipients": ", ".join(claims["recipients"]) or words.receipt["nobody"] if "recipients" in claims else None,
        "languages_spoken": words.spoken(claims["languages_spoken"]) if claims.get("languages_spoken") else None,
        "territory": wording(words.locale).places(claims["territory"]) if claims.get("territory") else None,
        "distribution": None if spread is None else words.receipt["yes" if spread else "no"],
        **dates,
        "receipt_id": claims.get("receipt_id"),
    }
    return [(said[name], str(value)) for name, value in values.items() if value]


def _locale(request: HttpRequest) -> str:
    """The language asked for in the address, else the first that the browser accepts, else English."""
    accepted = [
        part.partition(";")[0].strip()[:2].lower() for part in request.headers.get("Accept-Language", "").split(",")
    ]
    for wanted in (request.GET.get("lang", ""), *accepted):
        if wanted in receipt_locales():
            return wanted
    return "en"
