"""Signing in and out: Django's own views, with a limit on attempts and an audit entry."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse

from audit.events import Event
from audit.log import append
from governance.console import attempts
from tenancy.models import User
from tenancy.organisations import membership_of
from tenancy.scope import organisation_scope, user_scope


class SignIn(LoginView):
    """The sign-in page; too many failures for one name from one address close it for a quarter of an hour."""

    template_name = "console/sign_in.html"
    next_page = "console:today"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if attempts.exhausted(**self._who()):
            unbound = self.get_form_class()(request)  # the attempt is not even looked at
            context = self.get_context_data(form=unbound, too_many=True, minutes=attempts.WINDOW_SECONDS // 60)
            return self.render_to_response(context, status=429)
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        attempts.count_failure(**self._who())
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        attempts.forget(**self._who())
        _record(form.get_user())
        return super().form_valid(form)

    def _who(self) -> dict[str, str]:
        return {
            "username": self.request.POST.get("username", ""),
            "address": self.request.META.get("REMOTE_ADDR", ""),
        }


class SignOut(LogoutView):
    """Signing out, by POST only."""

    next_page = "console:sign-in"


def _record(user: User) -> None:
    """An audit entry in the member's organisation; a user without membership leaves none, for there is no record."""
    with user_scope(user.pk):
        membership = membership_of(user)
    if membership is None:
        return
    with organisation_scope(membership.organisation_id, actor=f"member:{user.pk}"):
        append(Event.MEMBER_SIGNED_IN, refs={"member": membership.id})
