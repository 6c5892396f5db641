"""Forensics: what was examined, a file to hand in, and the answer with its evidence; for examiners alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID

from django.db.models.fields.json import KeyTextTransform
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from audit.errors import NotProvableYetError
from audit.events import Event
from audit.log import append
from governance import case_holds, queries
from governance.console import examined, history
from governance.console.examiners_only import PLACE, examiners_only
from governance.console.pages import PAGE_SIZE, for_members, membership, page_of, show
from governance.console.wording import figures
from governance.errors import GovernanceError
from governance.evidence import bundle
from governance.forensic_models import Examination, ExaminationStatus
from governance.forensics import custody, examinations, originals
from governance.forensics.errors import CustodyError, OriginalGoneError, UnknownExaminationError
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError

UNPROCESSABLE = 422
WAITING = (ExaminationStatus.RECEIVED, ExaminationStatus.RUNNING)


@dataclass(frozen=True)
class Refused:
    """What could not be handed out, why, and the status that says so."""

    title: str
    why: str
    status: int


@for_members
@examiners_only
def index(request: HttpRequest) -> HttpResponseBase:
    page = page_of(request, _listed())
    for row in page:
        _add_outcome(row)
    return show(request, "console/examinations.html", {"page": page}, place=PLACE)


@for_members
@examiners_only
def detail(request: HttpRequest, examination_id: UUID) -> HttpResponseBase:
    return page(request, found(examination_id))


@for_members
@examiners_only
def progress(_request: HttpRequest, examination_id: UUID) -> HttpResponseBase:
    """How far it is, for the page that waits."""
    row = found(examination_id)
    said = {"ended": row.status not in WAITING, "percent": examined.percent(row), "doing": examined.doing(row)}
    return JsonResponse(said)


@for_members
@examiners_only
def audio(request: HttpRequest, examination_id: UUID) -> HttpResponseBase:
    """The original's sound as WAV, to be played; on record each time."""
    return _part(request, examination_id, _listen, "audio/wav")


@for_members
@examiners_only
def spectrogram(request: HttpRequest, examination_id: UUID) -> HttpResponseBase:
    return _part(request, examination_id, examinations.spectrogram, "image/png")


@for_members
@examiners_only
def original(request: HttpRequest, examination_id: UUID) -> HttpResponseBase:
    """The bytes as they were received, never shown by a browser itself."""
    return _part(request, examination_id, examinations.hand_out, "application/octet-stream", save=True)


@for_members
@examiners_only
def evidence(request: HttpRequest, examination_id: UUID) -> HttpResponseBase:
    """The bundle that proves the answer to somebody who does not trust us."""
    row = found(examination_id)
    if row.status != ExaminationStatus.COMPLETED:
        raise Http404("There is no evidence before there is an answer.")
    file = BytesIO()
    try:
        written = bundle.write(row.id, to=file)
    except (GovernanceError, NotProvableYetError) as error:
        return page(request, row, refused=Refused("The evidence cannot be issued now", str(error), 409))
    headers = {"Content-Disposition": f'attachment; filename="{written.name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(file.getvalue(), content_type="application/zip", headers=headers)


def _part(
    request: HttpRequest,
    examination_id: UUID,
    opened: Callable[[Examination], bytes],
    media_type: str,
    *,
    save: bool = False,
) -> HttpResponse:
    row = found(examination_id)
    try:
        content = opened(row)
    except OriginalGoneError as error:
        return page(request, row, refused=Refused("The file is not kept any more", str(error), 410))
    except CustodyError as error:
        return page(request, row, refused=Refused("The file is not what was received", str(error), 409))
    except AudioError as error:
        return page(request, row, refused=Refused("The file cannot be played or drawn", str(error), 422))
    headers = {"X-Content-Type-Options": "nosniff"}
    if save:
        headers["Content-Disposition"] = f'attachment; filename="{row.id}.bin"'
    return HttpResponse(content, content_type=media_type, headers=headers)


def _listen(row: Examination) -> bytes:
    """The sound of the original as WAV, whatever it came as; that somebody listened joins chain and record."""
    heard = encode_wav(decode(examinations.open_original(row, purpose="listening")).waveform)
    append(Event.EXAMINATION_OPENED, refs={"examination": row.id}, data={"part": "sound"})
    return heard


def page(
    request: HttpRequest, row: Examination, *, refused: Refused | None = None, hold: dict[str, str] | None = None
) -> HttpResponse:
    """An examination's page; with `refused` what could not be handed out, with `hold` an order that was not placed."""
    trail = custody.trail(row)
    fate = originals.fate(row)
    holds = list(case_holds.upon(row.case_number))
    actors = {row.requested_by, *(one.placed_by for one in holds), *(event.actor for event in trail)}
    names = queries.names_of(actors)
    who = membership(request)
    context: dict[str, Any] = {
        "row": row,
        "refused": refused,
        "kept": bool(row.blob),
        "fate": fate,
        "holds": [{"row": one, "by": _named(one.placed_by, names)} for one in holds],
        "unheld": hold,
        "waiting": row.status in WAITING,
        "verdict": examined.first_words(row),
        "doing": examined.doing(row),
        "percent": examined.percent(row),
        "asked_by": history.actor_name(row.requested_by, names),
        "file_figures": examined.file_figures(row),
        "custody": [_event(event, names) for event in trail],
        "custody_holds": _holds(row, trail),
        "happenings": history.about(row.id),
        "beside": list(_beside(row)),
    }
    if row.status == ExaminationStatus.COMPLETED and who is not None:
        context.update(examined.context_of(row, organisation_id=who.organisation_id))
    status = refused.status if refused else UNPROCESSABLE if hold else 200
    return show(request, "console/examination.html", context, place=PLACE, status=status)


def _named(actor: str, names: dict[str, str]) -> str:
    """A hold placed by command names who answers for it in their own words."""
    return history.actor_name(actor, names) if actor in names else actor


def _event(event: Any, names: dict[str, str]) -> dict[str, Any]:
    shown = {name: getattr(event, name) for name in ("sequence", "at", "action", "tool", "in_sha256", "out_sha256")}
    particulars = [f"{figure.label} {figure.value}" for figure in figures(event.parameters)]
    return {**shown, "who": history.actor_name(event.actor, names), "particulars": "; ".join(particulars)}


def _holds(row: Examination, trail: list[Any]) -> bool:
    try:
        custody.verify(trail, examination_id=row.id, original_sha256=row.sha256)
    except CustodyError:
        return False
    return True


def _listed() -> Any:
    """The rows of a list: without their findings, which can be large."""
    verdict, seconds = KeyTextTransform("verdict", "result"), KeyTextTransform("seconds", "result")
    return examinations.listed().annotate(verdict=verdict, length=seconds).defer("result", "protocol")


def _beside(row: Examination) -> Iterator[Any]:
    nearby = list(_listed()[:PAGE_SIZE])
    if row.id not in {other.id for other in nearby}:
        nearby = [_listed().get(id=row.id), *nearby]
    for other in nearby:
        yield _add_outcome(other)


def _add_outcome(row: Any) -> Any:
    row.outcome = examined.outcome(row.status, row.verdict)
    row.seconds = None if row.length is None else float(row.length)
    return row


def found(examination_id: UUID) -> Examination:
    """An examination of the organisation that is looking; raises `Http404` for any other."""
    try:
        return examinations.find(examination_id)
    except UnknownExaminationError as error:
        raise Http404(str(error)) from error
