"""Consent tokens at governance's door: issued for a voice that stands under the consent, and shown with a request."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from consent import tokens
from consent.errors import ConsentTokenError
from consent.models import ConsentRecord
from consent.tokens import ConsentToken
from governance.errors import UnknownVoiceError
from voices.models import Voice


@dataclass(frozen=True)
class IssuedToken:
    """A token as it is handed out, and what it says."""

    written: str
    token: ConsentToken


def issue(consent: ConsentRecord, *, voice_id: UUID, purpose: str, seconds: int) -> IssuedToken:
    """Sign a token for a voice of this consent.

    Raises:
        UnknownVoiceError: no such voice stands under this consent.
        ConsentError: consent-not-active, or purpose-outside-scope.
    """
    if not Voice.objects.filter(id=voice_id, consent=consent).exists():
        raise UnknownVoiceError("There is no such voice under this consent.")
    return IssuedToken(*tokens.issue(consent, voice_id=voice_id, purpose=purpose, seconds=seconds))


def show(written: str, *, voice_id: UUID | None, purpose: str | None) -> ConsentToken:
    """What a token that came with a request says; a voice or a purpose named beside it must be the token's own.

    Whether the consent stands is not asked here: the gate asks it afresh, three times.

    Raises:
        ConsentTokenError: consent-token-invalid, consent-token-expired or consent-token-mismatch, on the record.
    """
    try:
        token = tokens.read(written)
        _require_same(token, voice_id=voice_id, purpose=purpose)
    except ConsentTokenError as error:
        tokens.refused(error)
        raise
    return token


def _require_same(token: ConsentToken, *, voice_id: UUID | None, purpose: str | None) -> None:
    voice = Voice.objects.filter(id=token.voice_id).first()
    differing = [
        name
        for name, differs in (
            ("voice", voice_id not in {None, token.voice_id}),
            ("purpose", purpose not in {None, token.purpose}),
            ("consent", voice is None or voice.consent_id != token.consent_id),
        )
        if differs
    ]
    if differing:
        message = f"The token is for another {' and another '.join(differing)} than the request."
        raise ConsentTokenError("consent-token-mismatch", message, token_id=str(token.id))
