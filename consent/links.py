"""Secret links that speakers hold; only their hashes are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.utils import timezone

from consent.errors import LinkError
from consent.models import ConsentRecord, SpeakerLink
from tenancy.scope import organisation_scope, token_scope
from tenancy.tokens import hash_token, new_token

LinkKind = Literal["ceremony", "receipt"]
PREFIXES: dict[LinkKind, str] = {"ceremony": "vvc_", "receipt": "vvr_"}


@dataclass(frozen=True)
class FoundLink:
    """Which link it is, whose, and to which consent."""

    id: UUID
    organisation_id: UUID
    consent_id: UUID
    speaker_id: UUID
    kind: str


def new_link(consent: ConsentRecord, *, kind: LinkKind, expires_at: datetime) -> str:
    """The token of a new link; it is shown once and cannot be had again."""
    token = new_token(PREFIXES[kind])
    SpeakerLink.objects.create(
        organisation_id=consent.organisation_id,
        consent=consent,
        kind=kind,
        token_hash=hash_token(token),
        expires_at=expires_at,
    )
    return token


def find_link(token: str, *, kind: LinkKind) -> FoundLink:
    """What a token opens, outside any scope; raises `LinkError` for one unknown, of another kind, or expired.

    That a receipt's link was used is a sign of life of its speaker, and moves the clock of inactivity. A ceremony's
    link the organisation holds as well: only the second factor says that the speaker used it.
    """
    digest = hash_token(token)
    with token_scope(digest):
        link = SpeakerLink.objects.filter(token_hash=digest, kind=kind).first()
    if link is None:
        raise LinkError("link-unknown", "Nothing is known of this link; check that the whole link was copied.")
    if link.expires_at <= timezone.now():
        raise LinkError("link-expired", "The link has expired; ask the organisation for a new one.")
    with organisation_scope(link.organisation_id, actor="system"):
        if kind == "receipt":
            SpeakerLink.objects.filter(id=link.id).update(last_used_at=timezone.now())
        speaker_id = ConsentRecord.objects.values_list("speaker_id", flat=True).get(id=link.consent_id)
    return FoundLink(link.id, link.organisation_id, link.consent_id, speaker_id, link.kind)
