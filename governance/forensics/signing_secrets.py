"""The secrets that our messages are signed with: one at a time, and beside a new one the former, for an overlap.

They are derived from the organisation's own secret and never stored; a row says which are in use. While two are, a
message carries both signatures (Standard Webhooks), so that whoever checks them can change over at any moment.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from standardwebhooks import Webhook

from audit.events import Event
from audit.log import append
from governance.forensic_models import WebhookSecret
from governance.forensics.errors import RotationRunningError
from tenancy.ids import new_id
from tenancy.keyring import organisation_secret
from tenancy.models import Organisation
from tenancy.scope import current_organisation

FIRST = "webhook-signing"
"""The purpose from which the secret is derived that every organisation has before it rotates."""
LONGEST_OVERLAP_HOURS = 7 * 24
USUAL_OVERLAP_HOURS = 24


@dataclass(frozen=True)
class SigningSecret:
    """The present secret, in the form of Standard Webhooks.

    Attributes:
        secret: `whsec_` and the key in base64.
        since: when it was made; None for the first, which an organisation has from its beginning.
        former_until: until when messages bear the former secret's signature too; None where they do not.
    """

    secret: str
    since: datetime | None
    former_until: datetime | None


def present() -> SigningSecret:
    """The secret of the organisation in scope that its receivers should check with."""
    new, former = _present(), _former()
    return SigningSecret(
        secret=_written(new.purpose if new else FIRST),
        since=new.made_at if new and new.purpose != FIRST else None,
        former_until=former.retires_at if former else None,
    )


def rotate(*, overlap: timedelta) -> SigningSecret:
    """Sign with a new secret from now on, and with the present one beside it until `overlap` is over.

    Args:
        overlap: 0 to 168 hours; none for a secret that leaked, which ends a running overlap too.

    Raises:
        RotationRunningError: an overlap is running, and would be cut short for receivers that wait for its end.
        ValueError: the overlap is out of range.
    """
    if not timedelta(0) <= overlap <= timedelta(hours=LONGEST_OVERLAP_HOURS):
        raise ValueError(f"An overlap lasts 0 to {LONGEST_OVERLAP_HOURS} hours.")
    Organisation.objects.select_for_update().get(id=current_organisation())
    now, former = timezone.now(), _former()
    if former is not None and overlap:
        raise RotationRunningError(f"The former secret is still in use, until {former.retires_at:%Y-%m-%d %H:%M} UTC.")
    WebhookSecret.objects.filter(_mine(), retires_at__gt=now).update(retires_at=now)
    if _present() is None:
        _create(FIRST)
    WebhookSecret.objects.filter(_mine(), retires_at__isnull=True).update(retires_at=now + overlap)
    _create(f"{FIRST}-{new_id().hex}")
    hours = overlap // timedelta(hours=1)
    append(Event.WEBHOOK_SIGNING_ROTATED, refs={}, data={"overlap_hours": hours})
    return present()


def sign(body: bytes, *, identifier: str, at: datetime) -> str:
    """The signatures by every secret in use, the present one's first, with a space between."""
    new, former = _present(), _former()
    purposes = [new.purpose if new else FIRST, *([former.purpose] if former else [])]
    signed = (Webhook(_written(one)).sign(msg_id=identifier, timestamp=at, data=body.decode()) for one in purposes)
    return " ".join(signed)


def _present() -> WebhookSecret | None:
    return WebhookSecret.objects.filter(_mine(), retires_at__isnull=True).first()


def _former() -> WebhookSecret | None:
    return WebhookSecret.objects.filter(_mine(), retires_at__gt=timezone.now()).first()


def _mine() -> Q:
    return Q(organisation_id=current_organisation())


def _create(purpose: str) -> None:
    WebhookSecret.objects.create(organisation_id=current_organisation(), purpose=purpose)


def _written(purpose: str) -> str:
    return "whsec_" + base64.b64encode(organisation_secret(purpose)).decode()
