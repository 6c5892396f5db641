"""The first pages: where the link leads, the code that comes by mail, the notice with the speaker's age, saying no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from consent import ceremony, second_factor
from consent.errors import ConsentError, SecondFactorError
from consent.links import LinkKind
from consent.models import CeremonyRecording, ConsentStatus, RecordingStatus
from governance import withdrawal
from governance.api.base import session_cookie
from governance.errors import UnderAgeError
from governance.speaker.doors import SpeakerPage

WRONG = frozenset({"code-wrong", "code-expired"})


class CeremonyHome(SpeakerPage):
    """Where the link leads: to the step that comes next."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- read by the door
        latest = CeremonyRecording.objects.filter(consent=self.consent).order_by("-received_at").first()
        decided = self.consent.status != ConsentStatus.REQUESTED
        waiting = latest is not None and latest.status != RecordingStatus.REFUSED
        if latest is not None and (decided or waiting):
            return redirect(self.url("recording", latest.id))
        if decided:
            texts = {"title": self.words.text("stopped.title"), "text": self.words.text("stopped.decided")}
            return self.show("speaker/stopped.html", texts, status=409)
        return redirect(self.url("record" if self.consent.adult else "notice"))


class CodePage(SpeakerPage):
    """Nothing is shown but that a code can be had: the link may have reached somebody else."""

    kind: ClassVar[LinkKind] = "ceremony"
    needs_session: ClassVar[bool] = False

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        return self.show("speaker/code.html")

    def post(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        second_factor.send_code(self.link.id)
        return self.show("speaker/code.html", {"sent": True})

    def failed(self, error: SecondFactorError, *, status: int) -> HttpResponseBase:
        return self.show("speaker/code.html", {"problem": self.told(error)}, status=status)


class ConfirmPage(SpeakerPage):
    """The code opens a session for this browser alone, in a cookie that no script can read."""

    kind: ClassVar[LinkKind] = "ceremony"
    needs_session: ClassVar[bool] = False

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        return self.show("speaker/code.html", {"sent": True})

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        opened = second_factor.confirm(self.link.id, request.POST.get("code", ""))
        response = redirect(self.url("ceremony"))
        response.set_cookie(
            session_cookie(self.link.id),
            opened.token,
            max_age=int(second_factor.SESSION_LASTS.total_seconds()),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response

    def failed(self, error: SecondFactorError, *, status: int) -> HttpResponseBase:
        context = {"sent": error.code in WRONG, "problem": self.told(error)}
        return self.show("speaker/code.html", context, status=status)


@dataclass(frozen=True)
class Block:
    """A paragraph of the notice, or a list."""

    text: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading of the notice and what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


class NoticePage(SpeakerPage):
    """The notice, word for word as it is hashed and kept; and the age."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        if self.consent.status != ConsentStatus.REQUESTED:
            raise ConsentError("consent-already-decided", "")
        ceremony.show_notice(self.consent)
        return self._page()

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        said = request.POST.get("adult")
        if said not in ("yes", "no"):
            return self._page(problem=self.words.text("notice.age_error"), status=422)
        ceremony.declare_age(self.consent, adult=said == "yes")
        if said == "no":
            withdrawal.end_under_age(self.consent.id)
        return redirect(self.url("record"))

    def failed(self, error: Exception, *, status: int) -> HttpResponseBase:
        if not isinstance(error, UnderAgeError):
            return super().failed(error, status=status)
        title = self.words.text("under_age.title")
        text = self.words.text("under_age.lead").format(organisation=self.consent.organisation.name)
        return self.show("speaker/stopped.html", {"title": title, "text": text})

    def _page(self, *, problem: str = "", status: int = 200) -> HttpResponse:
        title, sections = laid_out(self.consent.notice_text)
        context = {"notice": {"title": title, "sections": sections}, "problem": problem}
        return self.show("speaker/notice.html", context, status=status)


class DeclinePage(SpeakerPage):
    """Saying no, as easy as saying yes: one question, then nothing is kept."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        return self.show("speaker/decline.html")

    def post(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        if self.consent.status != ConsentStatus.REQUESTED:
            raise ConsentError("consent-already-decided", "")
        withdrawal.withdraw(self.consent.id)
        return self.show("speaker/decline.html", {"done": True})


def laid_out(text: str) -> tuple[str, list[Section]]:
    """The notice's plain text as title and sections; every word of it is shown, and none is added."""
    title, *parts = text.split("\n\n")
    return title.strip(), [_section(part.strip().split("\n")) for part in parts if part.strip()]


def _section(lines: list[str]) -> Section:
    heading, *rest = lines if len(lines) > 1 else ["", *lines]
    blocks: list[Block] = []
    for line in rest:
        if not line.startswith("- "):
            blocks.append(Block(text=line))
        elif blocks and blocks[-1].items:
            blocks[-1] = Block(items=(*blocks[-1].items, line[2:]))
        else:
            blocks.append(Block(items=(line[2:],)))
    return Section(heading, tuple(blocks))
