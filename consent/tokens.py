"""Consent tokens: signed for some minutes, they say that a consent covers one voice and one purpose.

A token names what is meant and shows that it was covered when it was issued. It permits nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.errors import ConsentError, ConsentTokenError
from consent.models import ConsentRecord
from consent.queries import scope_of
from consent.scope import is_active
from tenancy import jws
from tenancy.errors import SignatureError
from tenancy.ids import new_id
from tenancy.scope import current_organisation

KIND = "vivavoce-consent+jwt"
MOST_SECONDS = 900


@dataclass(frozen=True)
class ConsentToken:
    """What a token says: which consent of which organisation, for which voice and purpose, and until when."""

    id: UUID
    consent_id: UUID
    organisation_id: UUID
    voice_id: UUID
    purpose: str
    issued_at: datetime
    expires_at: datetime


def issue(consent: ConsentRecord, *, voice_id: UUID, purpose: str, seconds: int) -> tuple[str, ConsentToken]:
    """Sign a token for a voice under this consent; it ends with the consent, and never later than after 15 minutes.

    Raises:
        ConsentError: consent-not-active, or purpose-outside-scope.
        ValueError: `seconds` is not from 1 to `MOST_SECONDS`.
    """
    if not 1 <= seconds <= MOST_SECONDS:
        raise ValueError(f"A consent token lives from 1 to {MOST_SECONDS} seconds.")
    now = timezone.now().replace(microsecond=0)
    _require_cover(consent.id, purpose=purpose)
    token = ConsentToken(
        id=new_id(),
        consent_id=consent.id,
        organisation_id=consent.organisation_id,
        voice_id=voice_id,
        purpose=purpose,
        issued_at=now,
        expires_at=min(now + timedelta(seconds=seconds), consent.valid_until.replace(microsecond=0)),
    )
    refs = {"consent": consent.id, "speaker": consent.speaker_id, "voice": voice_id}
    append(Event.CONSENT_TOKEN_ISSUED, refs=refs, data={"jti": str(token.id)})
    return jws.write(_claims(token), kind=KIND), token


def read(written: str) -> ConsentToken:
    """What a token says that was issued here, to the organisation at hand, and has not run out.

    Raises:
        ConsentTokenError: consent-token-invalid, consent-token-expired, or consent-token-mismatch for another
            organisation's.
    """
    token = _understood(written)
    if token.expires_at <= timezone.now():
        raise ConsentTokenError("consent-token-expired", "The token has run out.", token_id=str(token.id))
    if token.organisation_id != current_organisation():
        raise ConsentTokenError("consent-token-mismatch", "The token was issued to another organisation.")
    return token


def refused(error: ConsentTokenError) -> None:
    """Put on record that a token was offered and not taken."""
    known = {} if error.token_id is None else {"jti": error.token_id}
    append(Event.CONSENT_TOKEN_REFUSED, refs={}, data={"code": error.code, **known})


def _require_cover(consent_id: UUID, *, purpose: str) -> None:
    scope = scope_of(consent_id)
    if scope is None or not is_active(scope, at=timezone.now()):
        raise ConsentError("consent-not-active", "The speaker's consent does not stand; ask them for a new one.")
    if purpose not in scope.purposes:
        agreed = ", ".join(sorted(scope.purposes)) or "nothing"
        raise ConsentError("purpose-outside-scope", f"The speaker agreed to {agreed}, not to {purpose}.")


def _claims(token: ConsentToken) -> dict[str, Any]:
    return {
        "iss": settings.LOG_ORIGIN,
        "sub": str(token.consent_id),
        "org": str(token.organisation_id),
        "voice": str(token.voice_id),
        "purpose": token.purpose,
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "jti": str(token.id),
    }


def _understood(written: str) -> ConsentToken:
    try:
        claims = jws.read(written, kind=KIND)
    except SignatureError as error:
        raise ConsentTokenError("consent-token-invalid", str(error)) from error
    token = ConsentToken(
        id=UUID(claims["jti"]),
        consent_id=UUID(claims["sub"]),
        organisation_id=UUID(claims["org"]),
        voice_id=UUID(claims["voice"]),
        purpose=claims["purpose"],
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )
    if claims["iss"] != settings.LOG_ORIGIN:
        raise ConsentTokenError("consent-token-invalid", "The token was issued by another installation.")
    return token
