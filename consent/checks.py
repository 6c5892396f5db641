"""A deployment check: where people are served, codes reach the speaker and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def check_mail(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """Mail leaves through a server that was named."""
    if settings.MAIL_BACKEND == "smtp" and settings.SMTP_URL:
        return []
    hint = "Set MAIL_BACKEND=smtp and SMTP_URL: a code in a file or on a console is not the speaker's alone."
    return [Error("Mail to speakers does not leave this machine.", hint=hint, id="consent.E001")]
