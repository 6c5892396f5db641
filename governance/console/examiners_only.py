"""The door before forensics in the console: whoever is no examiner is told why, and what is open to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase

from governance.console.pages import membership, show
from governance.forensics import examiners

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
PLACE = "forensics"


def examiners_only(view: View[P]) -> View[P]:
    """Inside `for_members` or `filling_in`: a page for those who may examine."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user: Any = request.user
        if not examiners.may_examine(user):
            who = membership(request)
            context = {"role": who and who.get_role_display()}
            return show(request, "console/not_examiner.html", context, place=PLACE, status=403)
        return view(request, *args, **kwargs)

    return guarded
