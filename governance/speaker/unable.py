"""For those who cannot read aloud: the statement in short pieces, or somebody who may say yes for them."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from consent import ceremony, repetition, representatives
from consent.errors import ConsentError
from consent.links import LinkKind
from consent.models import Capacity, ConsentStatus, Representative, RepresentativeStatus
from consent.outcome import answer_by
from governance.speaker.doors import SpeakerPage
from governance.speaker.recording import identifier

LONGEST_PIECE = 60


class UnablePage(SpeakerPage):
    """Two ways to say yes without reading a text aloud."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- read by the door
        if self.consent.status != ConsentStatus.REQUESTED:
            raise ConsentError("consent-already-decided", "")
        waiting = Representative.objects.filter(consent=self.consent, status=RepresentativeStatus.HELD).first()
        if waiting is not None:
            until = self.words.date(answer_by(waiting.named_at))
            return self.show(
                "speaker/outcome.html", {"outcome": "held", "until": until, "reasons": [], "representative": True}
            )
        return self.page()

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        document = request.FILES.get("document")
        representatives.name_representative(
            self.consent,
            name=request.POST.get("who", ""),
            capacity=request.POST.get("capacity", ""),
            statement=request.POST.get("statement", ""),
            document=document.read() if document is not None else b"",
        )
        return redirect(self.url("representative"))

    def page(self, *, problem: str = "", status: int = 200) -> HttpResponse:
        capacities = zip(Capacity.values, ("guardian", "estate", "attorney"), strict=True)
        context = {
            "capacities": [(value, self.words.text(f"representative.{name}")) for value, name in capacities],
            "sent": self.request.POST,
            "problem": problem,
        }
        return self.show("speaker/unable.html", context, status=status)

    def failed(self, error: Any, *, status: int) -> HttpResponseBase:
        if getattr(self, "session", None) is None or error.code == "consent-already-decided":
            return super().failed(error, status=status)
        return self.page(problem=self.told(error), status=status)


class RepeatPage(SpeakerPage):
    """The statement piece by piece, each recorded in one's own time; the phrase comes last."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        if self.consent.status != ConsentStatus.REQUESTED:
            raise ConsentError("consent-already-decided", "")
        if not self.consent.adult:
            return redirect(self.url("notice"))
        context = {"pieces": pieces(self.consent.statement), "seconds": settings.CHALLENGE_SECONDS}
        return self.show("speaker/repeat.html", context)

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        parts = [part.read() for part in request.FILES.getlist("audio")]
        recording = ceremony.receive_recording(
            self.consent,
            challenge_id=identifier(request.POST.get("challenge", "")),
            audio=repetition.join(parts),
            session=self.session,
            parts=len(parts),
        )
        return JsonResponse({"next": self.url("recording", recording.id)}, status=202)


def pieces(statement: str) -> list[str]:
    """A statement in pieces that can be kept in mind: at commas and full stops, short ones joined."""
    found: list[str] = []
    for part in re.split(r"(?<=[.,;])\s+|\s+(?=(?:for|until|für|bis)\s)", statement):
        if found and len(found[-1]) + len(part) < LONGEST_PIECE and not found[-1].endswith("."):
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
    return [part.strip() for part in found if part.strip()]
