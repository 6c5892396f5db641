from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from consent.models import Speaker
from tenancy.errors import ScopeError
from tenancy.middleware import MemberScopeMiddleware
from tenancy.models import Organisation, User
from tenancy.scope import current_actor, current_organisation, organisation_scope

View = Callable[[HttpRequest], HttpResponse]


def visit(view: View, *, user: User | AnonymousUser, path: str = "/console/") -> HttpRequest:
    """Sends a request through the middleware as Django does: exceptions reach it as a response and by hook."""
    request = RequestFactory().get(path)
    request.user = user

    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except Exception as error:
            middleware.process_exception(request, error)
            raise

    middleware = MemberScopeMiddleware(convert_exception_to_response(answer))
    middleware(request)
    return request


def speakers(organisation: Organisation) -> list[str]:
    with organisation_scope(organisation.id, actor="system"):
        return list(Speaker.objects.values_list("name", flat=True))


def write_and(then: Callable[[], HttpResponse]) -> View:
    def view(_request: HttpRequest) -> HttpResponse:
        Speaker.objects.create(organisation_id=current_organisation(), name="Amara")
        return then()

    return view


def raising(error: Exception) -> Callable[[], HttpResponse]:
    def fail() -> HttpResponse:
        raise error

    return fail


def test_a_member_acts_in_their_organisation_under_their_identifier(northwind: Organisation, ruth: User) -> None:
    seen = list[object]()

    def view(request: HttpRequest) -> HttpResponse:
        seen.extend([current_organisation(), current_actor(), request.membership.role])
        return HttpResponse()

    visit(view, user=ruth)
    assert seen == [northwind.id, f"member:{ruth.pk}", "reviewer"]


def test_the_scope_ends_with_the_request(ruth: User) -> None:
    visit(lambda _: HttpResponse(), user=ruth)
    with pytest.raises(ScopeError):
        current_organisation()


def scope_seen(*, user: User | AnonymousUser, path: str = "/console/") -> tuple[object, object]:
    seen = list[object]()

    def view(_request: HttpRequest) -> HttpResponse:
        with pytest.raises(ScopeError) as caught:
            current_organisation()
        seen.append(type(caught.value))
        return HttpResponse()

    request = visit(view, user=user, path=path)
    return seen[0], request.membership


@pytest.mark.django_db
def test_a_stranger_has_no_membership_and_no_scope() -> None:
    assert scope_seen(user=AnonymousUser()) == (ScopeError, None)


@pytest.mark.django_db
def test_a_user_without_membership_has_no_scope() -> None:
    assert scope_seen(user=User.objects.create_user("vera")) == (ScopeError, None)


def test_the_api_is_left_to_its_own_keys_even_for_one_who_is_signed_in(ruth: User) -> None:
    assert scope_seen(user=ruth, path="/v1/voices") == (ScopeError, None)


@pytest.mark.parametrize("status", [200, 302, 403, 409])
def test_what_a_view_did_before_it_answered_is_kept(northwind: Organisation, ruth: User, status: int) -> None:
    visit(write_and(lambda: HttpResponse(status=status)), user=ruth)
    assert speakers(northwind) == ["Amara"]


@pytest.mark.parametrize("error", [ValueError("a bug"), Http404("no such row"), PermissionError("no")])
def test_what_a_view_did_before_it_raised_is_undone(
    northwind: Organisation, ruth: User, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    visit(write_and(raising(error)), user=ruth)
    assert speakers(northwind) == []


def test_what_a_view_did_before_it_answered_with_a_server_error_is_undone(northwind: Organisation, ruth: User) -> None:
    visit(write_and(lambda: HttpResponse(status=503)), user=ruth)
    assert speakers(northwind) == []
