"""Puts a signed-in member's whole request into their organisation's scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from tenancy.organisations import membership_of
from tenancy.scope import organisation_scope, user_scope

if TYPE_CHECKING:
    from tenancy.models import Membership

API_PREFIX = "/v1/"
SERVER_ERROR = 500


class MemberRequest(HttpRequest):
    """A request as the console's views see it."""

    membership: Membership | None
    undo: bool


class MemberScopeMiddleware:
    """Sets `request.membership` (None for strangers) and opens the scope; the API authenticates by key instead.

    The request is one transaction. It is undone when the view raised, and kept when the view answered with a refusal.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: MemberRequest) -> HttpResponse:
        request.membership = None
        if request.path_info.startswith(API_PREFIX) or not request.user.is_authenticated:
            return self._get_response(request)
        with user_scope(request.user.pk):
            request.membership = membership_of(request.user)
        if request.membership is None:
            return self._get_response(request)
        request.undo = False
        with organisation_scope(request.membership.organisation_id, actor=f"member:{request.user.pk}"):
            response = self._get_response(request)
            if request.undo or response.status_code >= SERVER_ERROR:
                transaction.set_rollback(True)
        return response

    def process_exception(self, request: MemberRequest, _exception: Exception) -> None:
        request.undo = True
