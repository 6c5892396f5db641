"""The sentences for enrolment, one by one, each checked while the speaker is still there."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone

from consent.errors import ConsentError
from consent.links import LinkKind
from consent.queries import scope_of
from consent.scope import is_active
from governance.speaker.doors import SpeakerPage
from governance.tasks import queue_enrolment
from voices import offers
from voices.models import OfferedSample, OfferStatus, Voice
from voices.sentences import sentences


class SamplesPage(SpeakerPage):
    """All sentences, with what has been done; each is sent to this address as it is recorded."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- read by the door
        self._require_given()
        if Voice.objects.filter(consent=self.consent).exists():
            return self.show("speaker/samples_done.html")
        return self._page()

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        self._require_given()
        upload, number = request.FILES.get("audio"), request.POST.get("number", "")
        offers.offer(
            self.consent,
            number=int(number) if number.isdecimal() and len(number) < 4 else 0,  # noqa: PLR2004 -- more names none
            audio=upload.read() if upload is not None else b"",
        )
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse(self.state(), status=202)
        return redirect(self.url("samples"))

    def state(self) -> dict[str, Any]:
        """What the page's script shows."""
        found, wanted = offers.offered(self.consent), sentences(self.consent.locale)
        good = sum(sample.status == OfferStatus.GOOD for sample in found)
        return {
            "samples": {str(sample.number): self._one(sample) for sample in found},
            "done": good,
            "needed": wanted.needed,
            "enough": offers.enough(found, wanted),
            "checking": any(sample.status == OfferStatus.CHECKING for sample in found),
        }

    def failed(self, error: Any, *, status: int) -> HttpResponseBase:
        if getattr(self, "session", None) is None or not self._given():
            return super().failed(error, status=status)
        return self._page(problem=self.told(error), status=status)

    def _one(self, sample: OfferedSample) -> dict[str, Any]:
        problems = [self.words.reason(reason)["explanation"] for reason in sample.reasons]
        return {"status": sample.status, "problems": problems}

    def _page(self, *, problem: str = "", status: int = 200) -> HttpResponse:
        wanted, state = sentences(self.consent.locale), self.state()
        takes = [
            {"number": number, "text": text, **state["samples"].get(str(number), {"status": "", "problems": []})}
            for number, text in enumerate(wanted.texts, start=1)
        ]
        context = {"takes": takes, "total": len(takes), "locale": wanted.locale, "problem": problem, **state}
        return self.show("speaker/samples.html", context, status=status)

    def _require_given(self) -> None:
        if not self._given():
            raise ConsentError("consent-not-active", "")

    def _given(self) -> bool:
        scope = scope_of(self.consent.id)
        return scope is not None and is_active(scope, at=timezone.now())


class SamplesStatusPage(SamplesPage):
    """Asked by the page while sentences are being checked."""

    http_method_names = ["get"]

    def get(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        self._require_given()
        return JsonResponse(self.state())


class SamplesDonePage(SamplesPage):
    """The speaker has finished: what is good is handed in and enrolled."""

    http_method_names = ["post"]

    def post(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        self._require_given()
        language = min(self.consent.languages)
        chosen = self.consent.locale if self.consent.locale in self.consent.languages else language
        voice = offers.hand_in(self.consent, name=self.consent.speaker.name, language=chosen)
        queue_enrolment(voice)
        return redirect(self.url("samples"))
