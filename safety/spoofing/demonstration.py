"""Whether synthetic speakers are admitted here, as only the demonstration's own house does, and what refuses it.

The people of `make demo` are played by stock voices, which the detector rightly finds synthetic. The switch lets their
story go on and writes into the evidence that it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from safety.ports import SpoofFinding

ADMITTED = "Synthetic speakers are admitted in this demonstration; nowhere else would this voice have passed."
HINT = "Unset DEMO_SYNTHETIC_SPEAKERS; only `manage.py up --demo` sets it, for its own processes."


def synthetic_speakers_admitted() -> bool:
    """Only where the switch is on, every service is embedded and nothing is served to the outside."""
    return settings.DEMO_SYNTHETIC_SPEAKERS and not _outside()


def _outside() -> bool:
    """Whether anything says that this house is meant in earnest; tests bring services of their own."""
    if settings.TESTING:
        return False
    return settings.BEHIND_TLS or settings.EMBEDDED["DATABASE_URL"] != settings.DATABASE_URL


def living_evidence(finding: SpoofFinding) -> dict[str, Any]:
    """A finding as it is kept, saying so where it was passed over."""
    passed_over = finding.outcome != "bona_fide" and synthetic_speakers_admitted()
    return finding.as_json() | ({"admitted": ADMITTED} if passed_over else {})


@register(Tags.security)
def check_only_the_demonstration(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """No switch for synthetic speakers beside TLS or an outside database."""
    if not settings.DEMO_SYNTHETIC_SPEAKERS or not _outside():
        return []
    text = "DEMO_SYNTHETIC_SPEAKERS is on in a house that is not the embedded demonstration; it has no effect there."
    return [Error(text, hint=HINT, id="safety.E001")]


@register(Tags.security, deploy=True)
def check_living_speakers(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """A deployment admits the living alone."""
    if not settings.DEMO_SYNTHETIC_SPEAKERS:
        return []
    return [Error("DEMO_SYNTHETIC_SPEAKERS admits synthetic speakers.", hint=HINT, id="safety.E002")]
