"""The second factor: a code sent to the speaker's address opens a session; a ceremony's link alone shows nothing.

Of a million codes somebody who holds the link, but cannot read the speaker's mail, may try 5 for each that is sent, 25
in an hour and 125 in all; each sends a mail that warns the speaker.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import mail
from consent.errors import SecondFactorError
from consent.models import CeremonyCode, CeremonySession, SpeakerLink
from tenancy import keyring
from tenancy.tokens import hash_token, new_token

DIGITS = 6
PREFIX = "vvs_"
CODE_LASTS, SESSION_LASTS, HOUR = timedelta(minutes=10), timedelta(hours=2), timedelta(hours=1)
TRIES_PER_CODE, CODES_PER_HOUR, CODES_PER_LINK = 5, 5, 25
_PURPOSE = "ceremony-code"


@dataclass(frozen=True)
class Opened:
    """A session that was just opened: its secret is shown once."""

    token: str
    expires_at: datetime


def send_code(link_id: UUID) -> None:
    """Send a fresh code to the speaker; an earlier one ends now.

    Raises:
        SecondFactorError: too-many-attempts.
    """
    link, now = _lock(link_id), timezone.now()
    codes = CeremonyCode.objects.filter(link=link)
    _require_few(list(codes.order_by("issued_at").values_list("issued_at", flat=True)), now)
    codes.filter(used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    plain = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    code = CeremonyCode(organisation_id=link.organisation_id, link=link, expires_at=now + CODE_LASTS)
    code.code_hash = _keyed(code.id, plain)
    code.save()
    if mail.send(link.consent, kind="code", useful_for=CODE_LASTS, code=plain) is not None:
        append(Event.CONSENT_CODE_SENT, refs=_refs(link))


def confirm(link_id: UUID, code: str) -> Opened:
    """Open a session to whoever sends the code that was sent last.

    Raises:
        SecondFactorError: code-wrong, code-expired or too-many-attempts; what was tried counts.
    """
    link, now = _lock(link_id), timezone.now()
    sent = CeremonyCode.objects.filter(link=link).order_by("-issued_at", "-id").first()
    if sent is None or sent.used_at is not None or sent.expires_at <= now:
        raise SecondFactorError("code-expired", "There is no code that is good now; ask for a new one.")
    if sent.tries >= TRIES_PER_CODE:
        raise SecondFactorError("too-many-attempts", "This code was tried too often; ask for a new one.", wait=1)
    sent.tries += 1
    right = hmac.compare_digest(sent.code_hash, _keyed(sent.id, "".join(code.split())))
    sent.used_at = now if right else None
    sent.save(update_fields=["tries", "used_at"])
    if not right:
        append(Event.CONSENT_CODE_REFUSED, refs=_refs(link), data={"tries": sent.tries})
        raise SecondFactorError("code-wrong", f"That is not the code; {TRIES_PER_CODE - sent.tries} tries are left.")
    return _open(link, now)


def find_session(link_id: UUID, token: str) -> CeremonySession:
    """The session that `token` opens to this link; raises `SecondFactorError` (second-factor-needed) for none."""
    running = CeremonySession.objects.filter(link_id=link_id, expires_at__gt=timezone.now())
    session = running.select_related("link").filter(token_hash=hash_token(token)).first() if token else None
    if session is None:
        raise SecondFactorError("second-factor-needed", "Ask for a code, which comes by mail, and send it.")
    return session


def _open(link: SpeakerLink, now: datetime) -> Opened:
    opened = Opened(new_token(PREFIX), now + SESSION_LASTS)
    CeremonySession.objects.create(
        organisation_id=link.organisation_id,
        link=link,
        token_hash=hash_token(opened.token),
        expires_at=opened.expires_at,
    )
    link.last_used_at = now
    link.save(update_fields=["last_used_at"])
    append(Event.CONSENT_SESSION_OPENED, refs=_refs(link))
    return opened


def _require_few(issued: list[datetime], now: datetime) -> None:
    if len(issued) >= CODES_PER_LINK:
        message = "Too many codes were sent for this link; ask the organisation for a new one."
        raise SecondFactorError("too-many-attempts", message, wait=HOUR.total_seconds())
    lately = [moment for moment in issued if moment > now - HOUR]
    if len(lately) >= CODES_PER_HOUR:
        message = f"{CODES_PER_HOUR} codes were sent within the hour; look for them in your mail, or wait."
        wait = (lately[-CODES_PER_HOUR] + HOUR - now).total_seconds()
        raise SecondFactorError("too-many-attempts", message, wait=wait)


def _lock(link_id: UUID) -> SpeakerLink:
    """The link's row, so that whoever tries two codes at once tries one after the other."""
    related = ("consent__speaker", "consent__organisation")
    return SpeakerLink.objects.select_for_update(of=("self",)).select_related(*related).get(id=link_id)


def _keyed(code_id: UUID, plain: str) -> str:
    """What is kept of a code: without the organisation's secret a million guesses at a stolen row find nothing."""
    return hmac.digest(keyring.organisation_secret(_PURPOSE), code_id.bytes + plain.encode(), "sha256").hex()


def _refs(link: SpeakerLink) -> dict[str, UUID]:
    return {"consent": link.consent_id, "speaker": link.consent.speaker_id}
