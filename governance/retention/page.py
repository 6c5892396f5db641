"""The public retention page: the very schedule that the nightly job obeys, laid out to be read; no login."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from governance.retention.schedule import CLOCKS, Clock, Rule, Schedule, longest, schedule, shortest
from governance.retention.terms import Term

WHEN: dict[Clock, str] = {
    "withdrawal": "You take back your yes",
    "purpose": "The agreed time ends",
    "inactivity": "We hear nothing from you",
}


@require_safe
@cache_control(public=True, max_age=300)
def retention(request: HttpRequest) -> HttpResponse:
    """What is kept, until when, and by which law."""
    found = schedule()
    everyone = found.applying(())
    context = {
        "schedule": found,
        "strictest": {clock: _strictest(everyone, clock) for clock in CLOCKS},
        "proof": _span(found.house.proof_at_least, longest(everyone, term=lambda rule: rule.proof_at_least)[1]),
        "proof_at_most": shortest(everyone, term=lambda rule: rule.proof_at_most)[1],
        "backups": f"{settings.BACKUP_DAYS} days",
        "originals": f"{settings.EXAMINATION_ORIGINAL_DAYS} days",
        "places": [_place(found, rule) for rule in sorted(found.rules.values(), key=lambda rule: rule.place)],
    }
    return render(request, "governance/retention.html", context)


def _strictest(rules: tuple[Rule, ...], clock: Clock) -> Term:
    return shortest(rules, term=lambda rule: rule.biometric.get(clock))[1]


def _place(found: Schedule, rule: Rule) -> dict[str, object]:
    """One place's row: what applies there, the house rule included."""
    rules = found.applying([rule.code])
    return {
        "rule": rule,
        "clocks": [(WHEN[clock], _strictest(rules, clock)) for clock in CLOCKS],
        "proof": longest(rules, term=lambda one: one.proof_at_least)[1],
    }


def _span(shorter: Term | None, longer: Term) -> str:
    """`3 to 6 years`; both in full where their units differ."""
    if shorter is None or shorter == longer:
        return str(longer)
    number, _, unit = str(shorter).partition(" ")
    return f"{number} to {longer}" if str(longer).endswith(unit) else f"{shorter} to {longer}"
