"""Today: three numbers that need a human, then the oldest case."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase

from governance import queries
from governance.console.pages import for_members, show


@for_members
def today(request: HttpRequest) -> HttpResponseBase:
    numbers = queries.today()
    oldest = numbers.oldest
    kind = type(oldest).__name__.lower() if oldest else ""
    return show(request, "console/today.html", {"numbers": numbers, "oldest": oldest, "kind": kind}, place="today")
