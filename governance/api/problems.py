"""The one place where errors become RFC 9457 problem documents; what is unknown leaks nothing."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import transaction
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from audit.errors import EntryError
from consent.errors import ConsentError, LinkError
from governance.api.catalogue import PROBLEMS
from governance.errors import GovernanceError
from safety.errors import ProtectionError, SearchUnavailableError
from safety.script.errors import ScriptError
from synth_adapter.errors import AudioError
from voices.errors import VoiceError

logger = logging.getLogger(__name__)
CODED = (
    EntryError,
    AudioError,
    ScriptError,
    ProtectionError,
    SearchUnavailableError,
    ConsentError,
    LinkError,
    VoiceError,
    GovernanceError,
)
FRAMEWORK: dict[type[Exception], str] = {
    exceptions.ParseError: "request-malformed",
    exceptions.ValidationError: "request-malformed",
    RequestDataTooBig: "request-too-large",
    exceptions.NotFound: "not-found",
    Http404: "not-found",
    PermissionDenied: "scope-missing",
    exceptions.PermissionDenied: "scope-missing",
    exceptions.MethodNotAllowed: "method-not-allowed",
    exceptions.NotAcceptable: "not-acceptable",
    exceptions.UnsupportedMediaType: "media-type-unsupported",
    exceptions.Throttled: "too-many-requests",
    exceptions.NotAuthenticated: "api-key-missing",
}


class KeyRefusedError(exceptions.AuthenticationFailed):
    """An API key that is unknown, expired or revoked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.slug = code


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: roll back what was half done, then answer with the problem document."""
    in_scope = getattr(context.get("view"), "entered", None) is not None
    if in_scope and not getattr(error, "keeps_work", False):
        transaction.set_rollback(True)
    slug, detail, extra = _describe(error)
    headers = {}
    if slug == "internal-error":
        logger.error("unexpected error", exc_info=error)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if PROBLEMS[slug].status == 401:  # noqa: PLR2004 -- RFC 9110 asks for a challenge with 401
        headers["WWW-Authenticate"] = "Ceremony-Session" if slug == "second-factor-needed" else "Bearer"
    status = PROBLEMS[slug].status
    return Response(
        document(slug, detail, **extra), status=status, headers=headers, content_type="application/problem+json"
    )


def document(slug: str, detail: str, **extra: Any) -> dict[str, Any]:
    """A problem document; `detail` is about this occurrence, the rest about its kind."""
    problem = PROBLEMS[slug]
    return {
        "type": f"/problems/{slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "way_forward": problem.way_forward,
        **extra,
    }


def as_json(slug: str, detail: str) -> JsonResponse:
    """A problem for views outside the framework (addresses that do not exist, unexpected errors)."""
    status = PROBLEMS[slug].status
    return JsonResponse(document(slug, detail), status=status, content_type="application/problem+json")


def _describe(error: Exception) -> tuple[str, str, dict[str, Any]]:
    if isinstance(error, KeyRefusedError):
        return error.slug, str(error.detail), {}
    if isinstance(error, CODED):
        slug = error.code if error.code in PROBLEMS else "internal-error"
        extra = dict(getattr(error, "extra", {}))
        if reasons := getattr(error, "reasons", None):
            extra["reasons"] = reasons
        return slug, str(error), extra
    if isinstance(error, exceptions.ValidationError):
        return "request-malformed", "Some fields need another value.", {"errors": error.detail}
    for kind, slug in FRAMEWORK.items():
        if isinstance(error, kind):
            return slug, str(getattr(error, "detail", "")) or PROBLEMS[slug].title, {}
    return "internal-error", "The error was logged.", {}
