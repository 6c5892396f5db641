"""Base views: the whole request runs inside the caller's organisation, in one transaction."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, ClassVar, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.events import Event
from audit.log import append
from consent import ceremony
from consent.links import LinkKind
from consent.models import ConsentRecord
from synth_adapter.errors import AudioError
from tenancy.api_keys import ApiScope
from tenancy.models import ApiKey
from tenancy.scope import organisation_scope


class ScopedView(APIView):
    """Enters a scope once the caller is known and leaves it, committing, when the answer is ready.

    An error rolls the transaction back (see `problems.handle`); a refused upload is then recorded on its own.
    """

    _scope: ExitStack
    _refusal: AudioError | None = None
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
        if isinstance(exc, AudioError):
            self._refusal = exc
        return super().handle_exception(exc)

    def _record_refusal(self) -> None:
        if self._refusal is None or self.entered is None:
            return
        organisation_id, actor = self.entered
        with organisation_scope(organisation_id, actor=actor):
            append(Event.UPLOAD_REFUSED, refs={}, data={"code": self._refusal.code, "view": type(self).__name__})


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
    """A view for whoever holds a speaker's link; `kind` is the kind of link that opens it."""

    authentication_classes = ()
    permission_classes = ()
    kind: ClassVar[LinkKind]
    consent: ConsentRecord

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        link = ceremony.find_link(kwargs["token"], kind=self.kind)
        self.enter(link.organisation_id, actor=f"speaker:{link.speaker_id}")
        self.consent = ConsentRecord.objects.select_related("speaker", "organisation").get(id=link.consent_id)
