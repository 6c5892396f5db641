"""Base views: the whole request runs inside the caller's organisation, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import Any, ClassVar, cast
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.events import Event
from audit.log import append
from consent import link_guard, second_factor
from consent.links import FoundLink, LinkKind
from consent.models import CeremonySession, ConsentRecord
from governance.api.client_address import client_address
from synth_adapter.errors import AudioError
from tenancy.api_keys import ApiScope
from tenancy.models import ApiKey
from tenancy.scope import organisation_scope
from voices.errors import UnusableSamplesError


class ScopedView(APIView):
    """Enters a scope once the caller is known and leaves it, committing, when the answer is ready.

    `concerns` are the rows about which a refused upload is recorded. An error rolls the transaction back (see
    `problems.handle`); a refused upload is then recorded on its own.
    """

    _scope: ExitStack
    _refusal: AudioError | UnusableSamplesError | None = None
    concerns: Mapping[str, UUID] = MappingProxyType({})
    entered: tuple[Any, str] | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self._scope:
            response = super().dispatch(request, *args, **kwargs)
        self._record_refusal()
        return response

    def enter(self, organisation_id: Any, *, actor: str) -> None:
        """Run the rest of the request as this organisation."""
        self.entered = (organisation_id, actor)
        self._scope.enter_context(organisation_scope(organisation_id, actor=actor))

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, AudioError | UnusableSamplesError):
            self._refusal = exc
        return super().handle_exception(exc)

    def _record_refusal(self) -> None:
        if self._refusal is None or self.entered is None:
            return
        organisation_id, actor = self.entered
        with organisation_scope(organisation_id, actor=actor):
            append(
                Event.UPLOAD_REFUSED, refs=self.concerns, data={"code": self._refusal.code, "view": type(self).__name__}
            )


class ApplicationView(ScopedView):
    """A view for applications; `needs` is the scope their key must carry."""

    needs: ClassVar[ApiScope]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = cast("ApiKey", request.auth)
        if self.needs not in key.scopes:
            raise PermissionDenied(f"This needs an API key with the scope `{self.needs}`.")
        self.enter(key.organisation_id, actor=f"api-key:{key.id}")


class SpeakerView(ScopedView):
    """A view for whoever holds a speaker's link; `kind` is the kind of link that opens it.

    A ceremony's link opens nothing without a session; a receipt's does, because taking a yes back must stay easy.
    """

    authentication_classes = ()
    permission_classes = ()
    kind: ClassVar[LinkKind]
    needs_session: ClassVar[bool] = True
    link: FoundLink
    session: CeremonySession
    consent: ConsentRecord

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.link = link_guard.open_link(kwargs["token"], kind=self.kind, address=client_address(request))
        self.enter(self.link.organisation_id, actor=f"speaker:{self.link.speaker_id}")
        if self.kind == "ceremony" and self.needs_session:
            self.session = second_factor.find_session(self.link.id, session_token(request, self.link.id))
        self.consent = ConsentRecord.objects.select_related("speaker", "organisation").get(id=self.link.consent_id)
        self.concerns = {"consent": self.consent.id, "speaker": self.consent.speaker_id}

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """What a speaker is shown stays in no cache."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished.headers["Cache-Control"] = "no-store"
        return finished


def session_cookie(link_id: UUID) -> str:
    """The name of the cookie with the session to one link: two ceremonies in one browser do not mix."""
    return f"ceremony-{link_id.hex}"


def session_token(request: HttpRequest | Request, link_id: UUID) -> str:
    """The session that a request carries, if any."""
    return request.headers.get("Ceremony-Session") or request.COOKIES.get(session_cookie(link_id), "")
