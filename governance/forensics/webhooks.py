"""Saying that an examination has ended: signed after Standard Webhooks, to public addresses alone, tried for days.

What is sent names the examination and its outcome, no case and nothing that was found; the rest is fetched with a key.
"""

from __future__ import annotations

import ipaddress
import json
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from audit import outbound
from audit.errors import OutboundError
from governance.forensic_models import Examination, WebhookState
from governance.forensics import signing_secrets
from governance.forensics.errors import WebhookAddressError
from tenancy.scope import organisation_scope

AGAIN_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long to wait after each attempt that failed, as Standard Webhooks recommends; after the last it is given up."""
LONGEST_ANSWER = 300
SUCCESS, GONE = range(200, 300), 410


def require_allowed(url: str) -> None:
    """Raise `WebhookAddressError` where no message would ever be sent to `url`; an empty one asks for none."""
    if not url:
        return
    try:
        outbound.demand_safe(url)
        host, port = urlsplit(url).hostname or "", urlsplit(url).port or ""
    except (OutboundError, ValueError) as error:
        raise WebhookAddressError(f"No message can be sent there: {error}") from error
    if not settings.WEBHOOKS_INSIDE and not _may_be_public(host):
        raise WebhookAddressError(f"No message can be sent there: {host} {port} is not on the public Internet.")


def arrange(examination: Examination) -> None:
    """Have the message sent, if somebody asked for one, when the transaction has ended."""
    if examination.webhook_url:
        Examination.objects.filter(id=examination.id).update(
            webhook_state=WebhookState.WAITING, webhook_due_at=timezone.now()
        )


def due() -> QuerySet[Examination]:
    """Those of the organisation in scope whose message is to be sent now."""
    return Examination.objects.filter(webhook_state=WebhookState.WAITING, webhook_due_at__lte=timezone.now())


def deliver(examination_id: UUID, *, organisation_id: UUID) -> None:
    """Send the message once, if it is due, and keep what came of it; of two workers one sends it."""
    with organisation_scope(organisation_id, actor="system"):
        now = timezone.now()
        lease = now + outbound.WHOLE_SECONDS * timedelta(seconds=2)
        taken = due().filter(id=examination_id).update(webhook_attempts=F("webhook_attempts") + 1, webhook_due_at=lease)
        if not taken:
            return
        examination = Examination.objects.get(id=examination_id)
        body = _body(examination)
        headers = _signed(examination, body)
    try:
        answer = outbound.post(
            examination.webhook_url,
            body,
            content_type="application/json",
            public=not settings.WEBHOOKS_INSIDE,
            headers=headers,
        )
        status, said = answer.status, f"HTTP {answer.status}"
    except OutboundError as error:
        status, said = 0, str(error)[:LONGEST_ANSWER]
    with organisation_scope(organisation_id, actor="system"):
        _keep(examination, status=status, said=said)


def _keep(examination: Examination, *, status: int, said: str) -> None:
    tried = examination.webhook_attempts
    due_at = None
    if status in SUCCESS:
        state = WebhookState.DELIVERED
    elif status == GONE or tried > len(AGAIN_AFTER):
        state = WebhookState.GIVEN_UP
    else:
        state, due_at = WebhookState.WAITING, timezone.now() + AGAIN_AFTER[tried - 1]
    Examination.objects.filter(id=examination.id, webhook_attempts=tried).update(
        webhook_state=state, webhook_due_at=due_at, webhook_answer=said
    )


def _body(examination: Examination) -> bytes:
    ended = examination.completed_at or timezone.now()
    message = {
        "type": f"examination.{examination.status}",
        "timestamp": ended.isoformat(),
        "data": {
            "examination": str(examination.id),
            "status": examination.status,
            "verdict": examination.result.get("verdict", ""),
            "url": f"{settings.PUBLIC_URL}/v1/forensics/examinations/{examination.id}",
        },
    }
    return json.dumps(message, separators=(",", ":")).encode()


def _signed(examination: Examination, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks; the identifier stays the same however often it is sent."""
    now, identifier = timezone.now(), f"examination-{examination.id}"
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signing_secrets.sign(body, identifier=identifier, at=now),
    }


def _may_be_public(host: str) -> bool:
    """What the name alone shows; what it resolves to is looked at whenever something is sent."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host != "localhost"
    return outbound.is_public(host)
