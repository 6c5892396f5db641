"""Whose clips an examination found: the organisation's own by name, anybody else's without any identifier.

Only the findings are kept of another organisation's clip. In place of its identifier stands a pseudonym, made for this
one examination, so that evidence and time map still fit together; the organisation's is nil (RFC 9562).
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any
from uuid import UUID

from governance.forensic_models import Examination
from tenancy.keyring import organisation_secret
from tenancy.scope import current_organisation
from watermark.testimony import Testimony

NOBODY = UUID(int=0)
ELSEWHERE = "a clip of another organisation on this platform"
OWN = "a clip of this organisation"
_PURPOSE = "forensic-pseudonyms"


def without_others(found: Testimony, *, examination_id: UUID) -> tuple[Testimony, list[str]]:
    """The testimony with pseudonyms for everybody else's clips, and the list of these pseudonyms.

    Called in the scope of the organisation that asks. What the markers read is kept from it too where a foreign clip
    was found, because a payload may say which.
    """
    organisation_id = current_organisation()
    secret = organisation_secret(_PURPOSE)
    own = {candidate.clip_id for candidate in found.candidates if candidate.organisation_id == organisation_id}
    named = [candidate.clip_id for candidate in found.candidates] + [part.clip_id for part in found.stretches]
    foreign = {
        clip_id: _pseudonym(secret, examination_id, clip_id)
        for clip_id in named
        if clip_id is not None and clip_id not in own
    }
    if not foreign:
        return found, []
    shown = replace(
        found,
        layers=tuple(replace(layer, payload="") for layer in found.layers),
        candidates=tuple(
            replace(candidate, clip_id=foreign[candidate.clip_id], organisation_id=NOBODY)
            if candidate.clip_id in foreign
            else candidate
            for candidate in found.candidates
        ),
        stretches=tuple(
            replace(part, clip_id=foreign[part.clip_id]) if part.clip_id in foreign else part
            for part in found.stretches
        ),
    )
    return shown, [str(pseudonym) for pseudonym in foreign.values()]


def own_clips(examination: Examination) -> list[UUID]:
    """The clips of this organisation that the examination found, best first."""
    elsewhere = set(examination.result.get("elsewhere", []))
    found = [candidate["clip_id"] for candidate in examination.result.get("candidates", [])]
    return [UUID(clip_id) for clip_id in found if clip_id not in elsewhere]


def own_clip(examination: Examination) -> dict[str, UUID]:
    """The best of them as a reference for the record; empty where there is none."""
    return {"clip": found[0]} if (found := own_clips(examination)) else {}


def shown(examination: Examination) -> dict[str, Any]:
    """The result as its organisation may read it: each candidate says whose it is, a foreign one without identifier."""
    result = dict(examination.result)
    elsewhere = set(result.pop("elsewhere", []))
    if not result:
        return {}
    result["candidates"] = [
        {**candidate, "clip_id": None, "organisation_id": None, "own": False, "whose": ELSEWHERE}
        if candidate["clip_id"] in elsewhere
        else {**candidate, "own": True, "whose": OWN}
        for candidate in result["candidates"]
    ]
    result["stretches"] = [
        {
            **part,
            "clip_id": None if part["clip_id"] in elsewhere else part["clip_id"],
            "whose": "" if part["clip_id"] is None else ELSEWHERE if part["clip_id"] in elsewhere else OWN,
        }
        for part in result["stretches"]
    ]
    return result


def _pseudonym(secret: bytes, examination_id: UUID, clip_id: UUID) -> UUID:
    """Always the same for one clip in one examination; only this platform, which has the secret, can tell for whom."""
    digest = hmac.digest(secret, examination_id.bytes + clip_id.bytes, "sha256")
    return UUID(int=int.from_bytes(digest[:16], "big") & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62)
