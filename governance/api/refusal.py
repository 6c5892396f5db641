"""Middleware: while a restore has not ended, everything but the health endpoints is answered with 503."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from governance.api.problems import as_json
from governance.unfinished import REFUSAL, restoring

ALWAYS_ANSWERED = ("/healthz", "/readyz")


class RefuseWhileRestoring:
    """What was erased might be back in the database, so not even reading is allowed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if restoring() and request.path not in ALWAYS_ANSWERED:
            return as_json("restore-unfinished", REFUSAL)
        return self._get_response(request)
