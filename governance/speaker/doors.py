"""The way into every page of a speaker: link, second factor, the organisation's scope; and every error as a page."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from audit.events import Event
from audit.log import append
from consent import link_guard, second_factor
from consent.errors import ConsentError, LinkError, SecondFactorError
from consent.links import FoundLink, LinkKind
from consent.models import CeremonySession, ConsentRecord
from governance.api.base import session_token
from governance.api.catalogue import PROBLEMS
from governance.api.client_address import client_address
from governance.errors import GovernanceError
from governance.speaker.words import FALLBACK, Words, words
from synth_adapter.errors import AudioError
from tenancy.scope import organisation_scope
from voices.errors import VoiceError

EXPECTED = (ConsentError, LinkError, AudioError, VoiceError, GovernanceError)
ELSEWHERE = {"second-factor-needed": "code", "consent-already-decided": "ceremony"}


@method_decorator(sensitive_post_parameters("code"), name="dispatch")
class SpeakerPage(View):
    """A page behind a speaker's link; an error that was to be expected rolls back and is told in plain words."""

    kind: ClassVar[LinkKind]
    needs_session: ClassVar[bool] = True
    link: FoundLink
    session: CeremonySession
    consent: ConsentRecord
    words: Words

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.words = words(_preferred(request))
        try:
            self.link = link_guard.open_link(kwargs["token"], kind=self.kind, address=client_address(request))
            response = self._inside(request, *args, **kwargs)
        except EXPECTED as error:
            if isinstance(error, AudioError) and hasattr(self, "link"):
                self._record(error)
            response = self.refuse(error)
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex"
        return response

    def _inside(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with organisation_scope(self.link.organisation_id, actor=f"speaker:{self.link.speaker_id}"):
            self.consent = ConsentRecord.objects.select_related("speaker", "organisation").get(id=self.link.consent_id)
            self.words = words(self.consent.locale)
            try:
                if self.kind == "ceremony" and self.needs_session:
                    self.session = second_factor.find_session(self.link.id, session_token(request, self.link.id))
                return super().dispatch(request, *args, **kwargs)
            except EXPECTED as error:
                if not getattr(error, "keeps_work", False):
                    raise
                return self.refuse(error)

    def show(self, template: str, context: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
        shared = {"words": self.words, "token": self.kwargs["token"], "consent": getattr(self, "consent", None)}
        return render(self.request, template, {**shared, **(context or {})}, status=status)

    def url(self, name: str, *args: object) -> str:
        return reverse(f"speaker:{name}", args=[self.kwargs["token"], *args])

    def told(self, error: Exception) -> str:
        """What an error says, in the speaker's language where it is known there."""
        code = str(getattr(error, "code", ""))
        return self.words.problem(code) or str(error)

    def refuse(self, error: Any) -> HttpResponseBase:
        """An error as a page, as a way to another page, or as a document for the page's own script."""
        code = str(error.code)
        status = PROBLEMS[code].status
        elsewhere = self.url(ELSEWHERE[code]) if code in ELSEWHERE else None
        if "application/json" in self.request.headers.get("Accept", ""):
            body = {"code": code, "detail": self.told(error), **({"next": elsewhere} if elsewhere else {})}
            response: HttpResponseBase = JsonResponse(body, status=status)
        elif elsewhere:
            response = redirect(elsewhere)
        else:
            response = self.failed(error, status=status)
        if wait := getattr(error, "wait", None):
            response["Retry-After"] = str(int(wait) + 1)
        return response

    def failed(self, error: Any, *, status: int) -> HttpResponseBase:
        """The page of an error, where a page has no better way to say it."""
        waits = isinstance(error, SecondFactorError)
        title = self.words.text("stopped.wait_title" if waits else "stopped.title")
        return self.show("speaker/stopped.html", {"title": title, "text": self.told(error)}, status=status)

    def _record(self, error: AudioError) -> None:
        """A refused upload stands in the log, though nothing of it was kept."""
        refs = {"consent": self.link.consent_id, "speaker": self.link.speaker_id}
        with organisation_scope(self.link.organisation_id, actor=f"speaker:{self.link.speaker_id}"):
            append(Event.UPLOAD_REFUSED, refs=refs, data={"code": error.code, "view": type(self).__name__})


def _preferred(request: HttpRequest) -> str:
    """The first language that a browser asks for, before it is known whose link it is."""
    return request.headers.get("Accept-Language", FALLBACK).partition(",")[0].partition("-")[0].strip().lower()
