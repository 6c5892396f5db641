"""Reviews: what waits for a person, what there is to hear and to read about it, and the two ways to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from governance import queries, reviews
from governance.cases import WAV, Case
from governance.console import history
from governance.console.clips import part_of
from governance.console.pages import acting, chosen, for_members, page_of, show
from governance.console.wording import Figure, figures
from governance.delivery import Released
from governance.errors import ReviewRefusedError, UnknownReviewError
from governance.models import ReviewKind

SHOWN_APART = frozenset({"transcript", "phrase", "marks", "models", "protected_voices", "models_used", "parts"})
ANSWERS = {"review-not-permitted": 403, "four-eyes": 403, "review-says-nothing": 422}
CONFLICT = 409


@dataclass(frozen=True)
class Words:
    """How a kind of case is spoken of: what it is, what each decision does, and who reads the reasons."""

    what: str
    question: str
    approve: str = ""
    approving: str = ""
    refuse: str = ""
    refusing: str = ""


WORDS = {
    ReviewKind.RECORDING: Words(
        what="recording of a consent",
        question="Does one living person say these words, and is it the person named?",
        approve="Accept the recording",
        approving="The consent is given at once and the speaker can fetch the signed receipt. Your reasons are kept.",
        refuse="Refuse the recording",
        refusing="The sound is deleted. The speaker reads your reasons and may record again.",
    ),
    ReviewKind.REPRESENTATIVE: Words(
        what="representative",
        question="Does the document show that this person may say yes for the speaker, to this use?",
        approve="Accept the representative",
        approving="The consent is given in their name, and evidence and receipt say so. Your reasons are kept.",
        refuse="Refuse the representative",
        refusing="The document is deleted. The representative reads your reasons.",
    ),
    ReviewKind.VOICE: Words(
        what="voice",
        question="Do the samples and the consent sound like one living person, who is nobody protected?",
        approve="Let enrolment go on",
        approving="The engine learns the voice and tries it out; if that goes well, the voice can be spoken with.",
        refuse="Refuse the voice",
        refusing="Samples and reference are deleted. The organisation reads your reasons and may enrol it afresh.",
    ),
    ReviewKind.CLIP: Words(
        what="withheld clip",
        question="What is heard in it? It bears no mark, so it is never released, whatever you find.",
        refuse="Note it and keep it back",
        refusing="It leaves this list and stays sealed until the speaker's voice is erased. Your words are kept.",
    ),
}


@for_members
def index(request: HttpRequest) -> HttpResponseBase:
    """What waits, or (with `state=decided`) what was decided and why."""
    state = chosen(request, "state", among=("decided",))
    rows: Any = reviews.decided() if state else reviews.waiting()
    page = page_of(request, rows)
    context = {
        "state": state,
        "page": page,
        "kinds": {str(kind): words for kind, words in WORDS.items()},
        "names": queries.names_of({review.reviewer for review in page}) if state else {},
        "done": _done(request),
    }
    return show(request, "console/reviews.html", context, place="reviews")


@for_members
def detail(request: HttpRequest, kind: str, about_id: UUID) -> HttpResponseBase:
    return _detail(request, _case(kind, about_id))


@for_members
def material(request: HttpRequest, kind: str, about_id: UUID, part: str) -> HttpResponseBase:
    """Sound to be played, or a document to be saved; for a reviewer alone, kept by no cache, and on record."""
    case = _case(kind, about_id)
    try:
        found = reviews.open_material(case, part, reviewer=_user(request))
    except UnknownReviewError as error:
        raise Http404(str(error)) from error
    except ReviewRefusedError as refusal:
        return _detail(request, case, refusal=refusal)
    if found.media_type == WAV:
        return part_of(request, Released(found.content, found.media_type, found.filename))
    headers = {"Content-Disposition": f'attachment; filename="{found.filename}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(found.content, content_type=found.media_type, headers=headers)


@acting
def decide(request: HttpRequest, kind: str, about_id: UUID) -> HttpResponseBase:
    """Decide; nothing that was written is lost when it cannot be done."""
    case = _case(kind, about_id)
    approve, words = request.POST.get("outcome") == "approve", request.POST.get("words", "")
    try:
        review = reviews.decide(case, approve=approve, reviewer=_user(request), words=words)
    except ReviewRefusedError as refusal:
        return _detail(request, case, refusal=refusal, approve=approve, words=words)
    return redirect(f"{reverse('console:reviews')}?done={review.id}")


def _detail(
    request: HttpRequest,
    case: Case,
    *,
    refusal: ReviewRefusedError | None = None,
    approve: bool = False,
    words: str = "",
) -> HttpResponse:
    asked = reviews.asked_by(case)
    context = {
        "case": case,
        "words": WORDS[ReviewKind(case.kind)],
        "parts": [(name, said, name == "document") for name, said in case.parts],
        "figures": _figures(case),
        "may": reviews.may_review(_user(request)),
        "own": asked == f"member:{_user(request).pk}",
        "asked_by": history.actor_name(asked, queries.names_of({asked})) if asked else "",
        "happenings": history.about(case.consent.id, case.about_id),
        "beside": reviews.waiting(),
        "kinds": {str(kind): said for kind, said in WORDS.items()},
        "refusal": refusal,
        "refused_as": "approve" if approve else "refuse",
        "written": words,
    }
    status = ANSWERS.get(refusal.code, CONFLICT) if refusal else 200
    return show(request, "console/review.html", context, place="reviews", status=status)


def _figures(case: Case) -> list[Figure]:
    """What was measured, but for what the page shows in words of its own."""
    found = {name: value for name, value in case.findings.items() if name not in SHOWN_APART}
    if isinstance(living := found.get("living_voice"), dict):
        found["living_voice"] = {"outcome": living.get("outcome"), "synthetic_llr": living.get("llr")}
    if isinstance(alone := found.get("one_speaker"), dict):
        found["one_speaker"] = {name: alone[name] for name in ("outcome", "score") if name in alone}
    return figures(found)


def _done(request: HttpRequest) -> Any:
    try:
        return queries.reviews().filter(id=UUID(request.GET.get("done", ""))).first()
    except ValueError:
        return None


def _case(kind: str, about_id: UUID) -> Case:
    try:
        return reviews.find(kind, about_id)
    except UnknownReviewError as error:
        raise Http404(str(error)) from error


def _user(request: HttpRequest) -> Any:
    return request.user
