"""The chain of custody after ISO/IEC 27037: every act upon a file, each chained by its hash to the one before.

The form of the hashed bytes is a promise to outsiders, who check a chain without us: another form needs another prefix.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.leaves import canonical
from governance.forensic_models import CustodyAction, CustodyEvent, Examination
from governance.forensics.errors import CustodyError
from tenancy.ids import new_id
from tenancy.scope import current_actor, current_organisation

PREFIX = b"vivavoce/custody/v1\0"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def note(
    examination: Examination,
    *,
    action: CustodyAction,
    in_sha256: str,
    out_sha256: str = "",
    tool: str = "",
    parameters: Mapping[str, str | int] | None = None,
) -> CustodyEvent:
    """Append what was just done to the examination's chain, in the transaction of the act.

    Args:
        examination: whose chain; its row is locked until the transaction ends, so that links come one by one.
        action: what was done.
        in_sha256: SHA-256 of what it was done to, 64 hexadecimal digits.
        out_sha256: SHA-256 of what came of it, empty where nothing new did.
        tool: what did it, with its version.
        parameters: further particulars; text and whole numbers, which have one canonical form only.

    Raises:
        CustodyError: a hash is none, or a parameter is neither text nor a whole number.
    """
    stated = dict(parameters or {})
    _require_sound(in_sha256, out_sha256, stated)
    with transaction.atomic():
        original = Examination.objects.select_for_update(of=("self",)).get(id=examination.id)
        last = CustodyEvent.objects.filter(examination=original).order_by("-sequence").first()
        event = CustodyEvent(
            id=new_id(),
            organisation_id=current_organisation(),
            examination=original,
            sequence=last.sequence + 1 if last else 1,
            at=timezone.now(),
            actor=current_actor(),
            action=action,
            in_sha256=in_sha256,
            out_sha256=out_sha256,
            tool=tool,
            parameters=stated,
            previous_sha256=last.sha256 if last else original.sha256,
        )
        event.sha256 = hashed(plain(event, original_sha256=original.sha256))
        event.save(force_insert=True)
    return event


def trail(examination: Examination) -> list[CustodyEvent]:
    """Every event of the chain, oldest first."""
    return list(CustodyEvent.objects.filter(examination=examination).order_by("sequence"))


def head(examination: Examination) -> str:
    """The hash of the last event, which stands for the whole chain; the original's own hash before the first."""
    last = CustodyEvent.objects.filter(examination=examination).order_by("-sequence").first()
    return last.sha256 if last else examination.sha256


def plain(event: CustodyEvent, *, original_sha256: str) -> dict[str, Any]:
    """The event as plain JSON: everything that is hashed, under the names by which the documentation knows it."""
    return {
        "action": str(event.action),
        "actor": event.actor,
        "at": _moment(event.at),
        "examination": str(event.examination_id),
        "in_sha256": event.in_sha256,
        "original_sha256": original_sha256,
        "out_sha256": event.out_sha256,
        "parameters": event.parameters,
        "previous_sha256": event.previous_sha256,
        "sequence": event.sequence,
        "tool": event.tool,
    }


def hashed(stated: Mapping[str, Any]) -> str:
    """SHA-256 over the prefix and the RFC 8785 JSON of the event, in hexadecimal digits."""
    return hashlib.sha256(PREFIX + canonical(dict(stated)).encode()).hexdigest()


def verify(events: Sequence[CustodyEvent], *, examination_id: UUID, original_sha256: str) -> None:
    """Raise `CustodyError`, naming the first event that is not where and what its hash says."""
    expected = original_sha256
    for place, event in enumerate(events, start=1):
        if event.sequence != place or event.previous_sha256 != expected or event.examination_id != examination_id:
            raise CustodyError(f"Event {place} of the chain of custody does not follow on the one before it.")
        if hashed(plain(event, original_sha256=original_sha256)) != event.sha256:
            raise CustodyError(f"Event {place} of the chain of custody was changed: its hash is another.")
        expected = event.sha256


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _require_sound(in_sha256: str, out_sha256: str, parameters: Mapping[str, str | int]) -> None:
    if not _SHA256.fullmatch(in_sha256) or (out_sha256 and not _SHA256.fullmatch(out_sha256)):
        raise CustodyError("A custody event needs SHA-256 hashes of 64 lower-case hexadecimal digits.")
    for name, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise CustodyError(f"The parameter {name} must be text or a whole number, not {type(value).__name__}.")
