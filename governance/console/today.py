"""Today: three numbers that need a human, then the oldest case."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase

from governance import queries, reviews
from governance.console.pages import for_members, show


@for_members
def today(request: HttpRequest) -> HttpResponseBase:
    numbers = queries.today()
    oldest = numbers.oldest
    kind = type(oldest).__name__.lower() if oldest else ""
    context = {"numbers": numbers, "oldest": oldest, "kind": kind, "cases": reviews.waiting()}
    return show(request, "console/today.html", context, place="today")
