"""System checks of what the log is configured with: its policy, its witnesses' addresses, its authorities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from audit.errors import OutboundError, PolicyError, TimestampError
from audit.outbound import demand_safe
from audit.timestamps import read_authorities
from audit.witnessing import read_policy


@register(Tags.security)
def check_witnesses(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """The policy can be read, and its witnesses can be asked safely."""
    try:
        policy = read_policy()
    except PolicyError as error:
        hint = "LOG_POLICY_FILE is written as C2SP tlog-policy says; unset it to have no witnesses."
        return [Error(str(error), hint=hint, id="audit.E001")]
    hint = "Give the witness's submission prefix as https://host/path in LOG_POLICY_FILE."
    return list(_unsafe([witness.url for witness in policy.witnesses if witness.url], plain=False, hint=hint))


@register(Tags.security)
def check_authorities(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """Whoever is asked for time-stamps can be believed: there are certificates to check them with."""
    if not settings.TIMESTAMP_AUTHORITIES:
        return []
    hint = "TIMESTAMP_AUTHORITIES is a list of addresses, separated by commas."
    faults = list(_unsafe(settings.TIMESTAMP_AUTHORITIES, plain=True, hint=hint))
    try:
        read_authorities(settings.TIMESTAMP_ROOTS)
    except TimestampError as error:
        hint = "TIMESTAMP_ROOTS is a PEM file with the root certificate of each of TIMESTAMP_AUTHORITIES."
        faults.append(Error(str(error), hint=hint, id="audit.E003"))
    return faults


def _unsafe(urls: Sequence[str], *, plain: bool, hint: str) -> Iterator[CheckMessage]:
    for url in dict.fromkeys(urls):
        try:
            demand_safe(url, plain=plain)
        except OutboundError as error:
            yield Error(str(error), hint=hint, id="audit.E002")
