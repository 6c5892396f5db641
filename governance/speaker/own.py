"""The page of one's own voice, from the receipt's link: what was agreed and made, taking back a part, or all of it."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from consent import renewal, requests
from consent.links import LinkKind
from consent.models import ConsentRecord, ConsentStatus
from consent.queries import purposes_of
from consent.scope import Purpose
from consent.succession import heir_of
from consent.wording import wording
from governance import certificates, narrowing, uses, withdrawal
from governance.api.receipts import printable, printed
from governance.api.speakers import data_file
from governance.errors import CertificateNotReadyError
from governance.models import DestructionCertificate
from governance.speaker.doors import SpeakerPage


class OwnPage(SpeakerPage):
    """Everything at one glance; no account, the link alone opens it, because taking back must be as easy as giving."""

    kind: ClassVar[LinkKind] = "receipt"

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- read by the door
        return self.page()

    def page(self, *, problem: str = "", done: str = "", status: int = 200) -> HttpResponse:
        standing = heir_of(self.consent)
        agreed = purposes_of(standing)
        words = wording(standing.locale)
        made = uses.of_speaker(self.consent.speaker_id)
        asked = self._asked()
        context = {
            "standing": standing,
            "given": standing.status == ConsentStatus.GIVEN and standing.valid_until > timezone.now(),
            "purposes": [(p.value, words.purposes[p]) for p in Purpose if p.value in agreed],
            "languages": words.listed([words.languages.get(one, one) for one in sorted(standing.languages)] or ["–"]),
            "places": words.places(standing.territory) if standing.territory else "",
            "uses": made,
            "months": [(month, words.purposes[Purpose(month.purpose)].spoken) for month in made.months],
            "clips": [(clip, words.purposes[Purpose(clip.purpose)].spoken) for clip in made.clips or ()],
            "asked": [(one, self._names(one)) for one in asked],
            "may_go_on": renewal.may_go_on(standing) and not _would_replace(standing, asked),
            "certificate": certificates.of_consent(standing.id, speaker_id=self.consent.speaker_id),
            "problem": problem,
            "done": done,
        }
        return self.show("speaker/own.html", context, status=status)

    def failed(self, error: Any, *, status: int) -> HttpResponseBase:
        if getattr(self, "consent", None) is None:
            return super().failed(error, status=status)
        return self.page(problem=self.told(error), status=status)

    def _asked(self) -> list[ConsentRecord]:
        open_requests = ConsentRecord.objects.filter(
            speaker_id=self.consent.speaker_id, status=ConsentStatus.REQUESTED, valid_until__gt=timezone.now()
        )
        return list(open_requests.prefetch_related("purposes").order_by("-requested_at"))

    def _names(self, consent: ConsentRecord) -> str:
        words = wording(consent.locale)
        asked = purposes_of(consent)
        return words.listed([words.purposes[p].spoken for p in Purpose if p.value in asked] or ["–"])


class NarrowPage(OwnPage):
    """Take back a part: what is not ticked."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        keep = request.POST.getlist("purpose")
        if not keep:
            return self.page(problem=self.words.text("own.narrow_none"), status=422)
        narrowing.narrow(self.consent.id, purposes=keep)
        return self.page(done=self.words.text("own.narrow_done"))


class RefusePage(OwnPage):
    """No to a new question; what stands already stays as it is."""

    http_method_names = ["post"]

    def post(self, _request: HttpRequest, token: str, consent_id: UUID) -> HttpResponseBase:  # noqa: ARG002 -- as above
        if any(one.id == consent_id for one in self._asked()):
            withdrawal.refuse(consent_id)
        return redirect(self.url("own"))


class AnswerPage(OwnPage):
    """To the ceremony of a new question, by a link of its own; behind it stands the second factor, as for everybody."""

    http_method_names = ["post"]

    def post(self, _request: HttpRequest, token: str, consent_id: UUID) -> HttpResponseBase:  # noqa: ARG002 -- as above
        for one in self._asked():
            if one.id == consent_id:
                return redirect("speaker:ceremony", requests.new_ceremony_link(one))
        return redirect(self.url("own"))


class RenewPage(OwnPage):
    """The same again, for as long again: asked by the speaker, and agreed to like everything, in a ceremony."""

    http_method_names = ["post"]

    def post(self, _request: HttpRequest, token: str) -> HttpResponseBase:  # noqa: ARG002 -- as above
        standing = heir_of(self.consent)
        if _would_replace(standing, self._asked()):
            return redirect(self.url("own"))
        _, ceremony_token = renewal.go_on(standing.id)
        return redirect("speaker:ceremony", ceremony_token)


class WithdrawPage(SpeakerPage):
    """Take it back: one question, one answer, at once; then the certificate of what was destroyed."""

    kind: ClassVar[LinkKind] = "receipt"

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        return self.show("speaker/withdraw.html")

    def post(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        standing = heir_of(self.consent)
        done = withdrawal.withdraw(standing.id)
        return self.show("speaker/withdrawn.html", {"counted": done})


class ReceiptPdfPage(SpeakerPage):
    """The receipt on one page, to print and to keep."""

    kind: ClassVar[LinkKind] = "receipt"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        own_link = request.build_absolute_uri(reverse("speaker:own", args=[token]))
        receipt = printable(self.consent)
        return HttpResponse(
            printed(receipt, own_link=own_link),
            content_type="application/pdf",
            headers={
                "Content-Disposition": f'attachment; filename="vivavoce-receipt-{receipt.issued_at:%Y-%m-%d}.pdf"'
            },
        )


class DataPage(SpeakerPage):
    """Everything that is held about the speaker, as one file."""

    kind: ClassVar[LinkKind] = "receipt"

    def get(self, _request: HttpRequest, token: str) -> FileResponse:  # noqa: ARG002 -- as above
        return data_file(self.consent.speaker_id)


class CertificatePage(SpeakerPage):
    """The signed certificate of destruction, as a file to keep."""

    kind: ClassVar[LinkKind] = "receipt"

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 -- as above
        found: DestructionCertificate | None = certificates.of_consent(
            heir_of(self.consent).id, speaker_id=self.consent.speaker_id
        )
        if found is None:
            raise CertificateNotReadyError("Nothing was erased: the consent stands, or nothing was held under it.")
        body = json.dumps(certificates.as_document(found), indent=2, ensure_ascii=False)
        headers = {"Content-Disposition": f'attachment; filename="certificate-of-destruction-{found.id}.json"'}
        return HttpResponse(body, content_type="application/json", headers=headers)


def _would_replace(standing: ConsentRecord, asked: list[ConsentRecord]) -> bool:
    """Whether a question is open already whose yes would take this consent's place."""
    return any(one.replaces_id == standing.id for one in asked)
