"""Liveness and readiness, and the pages behind problem types."""

from __future__ import annotations

from celery import current_app
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from governance.api.catalogue import PROBLEMS
from governance.api.problems import as_json
from governance.unfinished import restoring
from tenancy.registry import key_management_answers


def alive(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


def ready(_request: HttpRequest) -> JsonResponse:
    """The database, the broker and key management answer too, and no restore is under way; 503 names what is not so."""
    checks = {
        "database": _database_answers(),
        "broker": _broker_answers(),
        "keys": _keys_answer(),
        "restored": not restoring(),
    }
    status = 200 if all(checks.values()) else 503
    return JsonResponse({"status": "ready" if status == 200 else "not ready", **checks}, status=status)  # noqa: PLR2004 -- HTTP's own number


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except Exception:  # noqa: BLE001 -- whatever is wrong, the answer is "not ready"
        return False


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
            return True
    except Exception:  # noqa: BLE001 -- as above
        return False


def _keys_answer() -> bool:
    try:
        return key_management_answers()
    except Exception:  # noqa: BLE001 -- as above
        return False


def problem(_request: HttpRequest, slug: str) -> HttpResponse:
    """What a problem type means."""
    if slug not in PROBLEMS:
        return as_json("not-found", "There is no such problem type.")
    found = PROBLEMS[slug]
    body = {"type": f"/problems/{slug}", "status": found.status, "title": found.title, "way_forward": found.way_forward}
    return JsonResponse(body)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- Django's signature
    if request.path.startswith("/console/"):
        return render(request, "console/missing.html", status=404)
    return as_json("not-found", "There is nothing at this address.")


def unreadable(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- Django's signature
    return as_json("request-malformed", "The request could not be read.")


def broken(_request: HttpRequest) -> HttpResponse:
    return as_json("internal-error", "The error was logged.")
