"""What a clip says of itself in its files: a claim for its manifest, and the same in words; nothing about a person."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from audit.queries import leaf_of
from consent import receipts
from governance.disclosures import Disclosed
from governance.models import Permit
from watermark import disclosure
from watermark.provenance.claim import MARK_ALG, Claim
from watermark.provenance.errors import ProvenanceError
from watermark.registry import names_clips

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLE = "Synthetic speech"


def claim_of(permit: Permit, *, clip_id: UUID, disclosed: Disclosed) -> Claim:
    """The claim of a clip made on this permit: the receipt it stands on, its place in the log, and what can be heard.

    A soft binding is claimed only where clips bear the keyed mark.

    Raises:
        ProvenanceError: the consent has no receipt, so nothing could be named that the clip stands on.
    """
    request = permit.request
    receipt = receipts.latest(request.voice.consent)
    if receipt is None:
        raise ProvenanceError("The consent that this speech stands on has no receipt.")
    leaf = leaf_of(receipt.log_entry) if receipt.log_entry else None
    return Claim(
        clip_id=clip_id,
        consent_receipt_sha256=hashlib.sha256(receipts.canonical(receipt.body)).hexdigest(),
        log_index=leaf.index if leaf else None,
        log_origin=settings.LOG_ORIGIN,
        mark_alg=MARK_ALG if names_clips() else None,
        made_at=timezone.now(),
        language=request.language,
        title=TITLE,
        disclosure=disclosed.sign,
        disclosure_seconds=disclosed.seconds,
    )


def tags_of(claim: Claim) -> Mapping[str, str]:
    """The disclosure as tags of the file, for players and people that read no manifest (ID3, RIFF INFO and alike)."""
    return disclosure.tags(clip_id=claim.clip_id, made_at=claim.made_at, language=claim.language, title=claim.title)
