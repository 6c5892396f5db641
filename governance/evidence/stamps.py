"""Time-stamps over a statement, from every configured authority that answers; none is asked for where none is named."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from audit.errors import TimestampError
from audit.timestamps import read_authorities, request_stamp
from governance.evidence.errors import EvidenceNotReadyError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Token:
    """One answer (DER, RFC 3161 TimeStampResp): the address it came from, and the time that it states (UTC)."""

    url: str
    response: bytes
    time: datetime


def over(message: bytes) -> tuple[Token, ...]:
    """Verified time-stamps over SHA-256 of the message; empty where no authority is configured.

    Raises:
        EvidenceNotReadyError: authorities are configured, and none of them gave one that proves anything.
    """
    if not settings.TIMESTAMP_AUTHORITIES:
        return ()
    try:
        trusted = read_authorities(settings.TIMESTAMP_ROOTS)
    except TimestampError as error:
        raise EvidenceNotReadyError(f"No time-stamp can be checked: {error}") from error
    tokens = []
    for url in settings.TIMESTAMP_AUTHORITIES:
        try:
            response, stamp = request_stamp(url, message, trusted=trusted)
        except TimestampError as error:
            logger.warning("No time-stamp under evidence from %s: %s", url, error)
        else:
            tokens.append(Token(url, response, stamp.time))
    if not tokens:
        raise EvidenceNotReadyError("No time-stamp authority answers; without a time-stamp no evidence is issued.")
    return tuple(tokens)


def roots() -> bytes:
    """The certificates of the authorities that we believe, in PEM."""
    return settings.TIMESTAMP_ROOTS.read_bytes()
