"""The microphone page, what it sends, the wait, and what came of it."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone

from consent import ceremony, receipts
from consent.errors import ConsentError
from consent.links import LinkKind
from consent.models import CeremonyRecording, Challenge, ConsentStatus, Receipt, RecordingStatus
from governance.errors import GovernanceError
from governance.speaker.doors import SpeakerPage

TROUBLES = {
    "short": "record",
    "expired": "record",
    "used": "record",
    "elsewhere": "record",
    "blocked": "turnOn",
    "missing": "turnOn",
    "busy": "turnOn",
    "gone": "turnOn",
    "unsupported": "turnOn",
    "failed": "record",
    "offline-now": "turnOn",
}
NEW_WORDS = frozenset({"expired", "used", "elsewhere"})


class RecordPage(SpeakerPage):
    """Statement, phrase, microphone; a file for those whose browser cannot record."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- read by the door
        if self.consent.status != ConsentStatus.REQUESTED:
            raise ConsentError("consent-already-decided", "")
        if not self.consent.adult:
            return redirect(self.url("notice"))
        return self.page()

    def page(self, *, problem: str = "", status: int = 200) -> HttpResponse:
        running = Challenge.objects.filter(session=self.session, used_at__isnull=True, expires_at__gt=timezone.now())
        context = {
            "seconds": settings.CHALLENGE_SECONDS,
            "challenge": running.order_by("-issued_at").first(),
            "troubles": [self._trouble(name, act) for name, act in TROUBLES.items()],
            "problem": problem,
        }
        return self.show("speaker/record.html", context, status=status)

    def failed(self, error: Any, *, status: int) -> HttpResponseBase:
        if getattr(self, "session", None) is None:
            return super().failed(error, status=status)
        return self.page(problem=self.told(error), status=status)

    def _trouble(self, name: str, act: str) -> dict[str, str]:
        entry = name.replace("-", "_")
        label = "record.new_words" if name in NEW_WORDS else "record.try_again"
        texts = {"title": self.words.text(f"record.{entry}_title"), "text": self.words.text(f"record.{entry}")}
        return {"name": name, "act": act, "label": self.words.text(label), **texts}


class ChallengesPage(RecordPage):
    """One-time phrases: as a document for the page's script, or on the page for a file."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        challenge = ceremony.issue_challenge(self.consent, session=self.session)
        if "application/json" not in request.headers.get("Accept", ""):
            return self.page()
        body = {
            "id": str(challenge.id),
            "phrase": challenge.phrase,
            "seconds": settings.CHALLENGE_SECONDS,
            "send_seconds": int(ceremony.SENDING_LASTS.total_seconds()),
        }
        return JsonResponse(body, status=201)


class CommitmentsPage(SpeakerPage):
    """What will be sent, said while the phrase is good: a slow network does not make a recording late."""

    kind: ClassVar[LinkKind] = "ceremony"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        challenge_id = identifier(request.POST.get("challenge", ""))
        ceremony.commit_recording(
            self.consent, challenge_id=challenge_id, sha256=request.POST.get("sha256", ""), session=self.session
        )
        return JsonResponse({"status": "committed"})


class RecordingsPage(RecordPage):
    """A recording arrives."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        upload = request.FILES.get("audio")
        recording = ceremony.receive_recording(
            self.consent,
            challenge_id=identifier(request.POST.get("challenge", "")),
            audio=upload.read() if upload is not None else b"",
            session=self.session,
        )
        where = self.url("recording", recording.id)
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"next": where}, status=202)
        return redirect(where)


class RecordingPage(SpeakerPage):
    """What came of a recording: still being heard, given, held for a person, or to be done again."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str, recording_id: UUID) -> HttpResponseBase:  # noqa: ARG002 -- as above
        recording = found(self, recording_id)
        if recording.status == RecordingStatus.RECEIVED:
            return self.show("speaker/wait.html", {"status_url": self.url("recording-status", recording.id)})
        return self.show("speaker/outcome.html", self._outcome(recording))

    def _outcome(self, recording: CeremonyRecording) -> dict[str, Any]:
        outcome = {RecordingStatus.ACCEPTED: "given", RecordingStatus.REFUSED: "refused"}
        return {
            "outcome": outcome.get(RecordingStatus(recording.status), "held"),
            "until": self.words.date(self.consent.valid_until),
            "reasons": [self.words.reason(reason) for reason in recording.reasons],
        }


class RecordingStatusPage(SpeakerPage):
    """Asked by the waiting page."""

    kind: ClassVar[LinkKind] = "ceremony"

    def get(self, _request: HttpRequest, token: str, recording_id: UUID) -> HttpResponseBase:  # noqa: ARG002 -- as above
        recording = found(self, recording_id)
        ready = recording.status != RecordingStatus.RECEIVED
        return JsonResponse({"next": self.url("recording", recording.id)} if ready else {})


class ReceiptPage(SpeakerPage):
    """From the ceremony to the speaker's own page, by a fresh link that only they hold."""

    kind: ClassVar[LinkKind] = "ceremony"
    http_method_names = ["post"]

    def post(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        receipt = Receipt.objects.filter(consent=self.consent).order_by("-issued_at").first()
        if receipt is None:
            raise ConsentError("consent-not-active", "The consent has not been given yet.")
        return redirect("speaker:own", receipts.new_link(receipt))


class NothingThereError(GovernanceError):
    """No such recording in this ceremony."""

    code = "recording-unknown"


def found(page: SpeakerPage, recording_id: UUID) -> CeremonyRecording:
    recording = CeremonyRecording.objects.filter(consent=page.consent, id=recording_id).first()
    if recording is None:
        raise NothingThereError("There is no such recording.")
    return recording


def identifier(text: str) -> UUID:
    """A challenge's identifier as it was sent; anything else names a challenge that nobody knows."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
