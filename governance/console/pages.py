"""What every console page shares: only members see it, under their organisation's name, with one place lit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenancy.models import Membership

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
PLACES = (
    ("today", "Today"),
    ("reviews", "Reviews"),
    ("decisions", "Decisions"),
    ("voices", "Voices"),
    ("consents", "Consents"),
    ("clips", "Clips"),
    ("forensics", "Forensics"),
    ("audit", "Audit"),
)
PAGE_SIZE = 40


def for_members(view: View[P]) -> View[P]:
    """A page that only shows: strangers are asked to sign in, users without membership told why there is nothing."""
    return never_cache(require_safe(login_required(_guarded(view))))


def acting(view: View[P]) -> View[P]:
    """An address that does something, by POST alone; guarded as the pages are."""
    return never_cache(require_POST(login_required(_guarded(view))))


def filling_in(view: View[P]) -> View[P]:
    """A page with a form, which GET shows and POST sends in; guarded as the pages are."""
    return never_cache(require_http_methods(["GET", "HEAD", "POST"])(login_required(_guarded(view))))


def _guarded(view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if membership(request) is None:
            return render(request, "console/no_membership.html", status=403)
        return view(request, *args, **kwargs)

    return guarded


def membership(request: HttpRequest) -> Membership | None:
    """Whose member is looking; set by the middleware that also opened the organisation's scope."""
    found: Membership | None = getattr(request, "membership", None)
    return found


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, place: str, status: int = 200
) -> HttpResponse:
    """Render a page with the rail around it."""
    who = membership(request)
    shared = {"places": PLACES, "place": place, "membership": who, "organisation": who and who.organisation}
    return render(request, template, {**shared, **context}, status=status)


def chosen(request: HttpRequest, parameter: str, *, among: Sequence[str]) -> str | None:
    """The value of a filter in the address, if it is one that exists."""
    value = request.GET.get(parameter, "")
    return value if value in among else None


def page_of(request: HttpRequest, rows: QuerySet[Any] | Sequence[Any]) -> Page[Any]:
    """One page of rows; a page number that makes no sense gives the nearest page."""
    return Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))


def neighbours(rows: QuerySet[Any], current: Model) -> list[Any]:
    """The newest rows for the list beside a detail, with the current row among them wherever it stands."""
    nearby = list(rows[:PAGE_SIZE])
    return nearby if current in nearby else [current, *nearby]
