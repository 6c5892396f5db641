"""Permits: issued once per permitting decision, redeemed once, fenced by the number of the attempt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.log import append
from governance.decisions import as_reasons
from governance.errors import PermitError
from governance.models import Decision, Permit, PermitStatus
from governance.rules import Objection
from tenancy import blobs

WITHHELD = "withheld-wav"


@dataclass(frozen=True)
class Withheld:
    """Output that did not pass: its sound, unmarked, and everything that its examination measured."""

    wav: bytes
    examination: Mapping[str, Any]


def issue(decision: Decision) -> Permit:
    """The single-use right to render what `decision` permitted; raises `PermitError` for any other effect."""
    if decision.effect != "permit":
        raise PermitError(f"A decision to {decision.effect} gives no permit.")
    permit = Permit.objects.create(
        organisation_id=decision.organisation_id,
        request_id=decision.request_id,
        decision=decision,
        expires_at=timezone.now() + timedelta(seconds=settings.PERMIT_SECONDS),
    )
    append(Event.PERMIT_ISSUED, refs=refs_of(permit))
    return permit


def redeem(permit_id: UUID) -> Permit:
    """Take the permit, once: compare-and-set, so of two workers one gets it; raises `PermitError` otherwise."""
    now = timezone.now()
    taken = Permit.objects.filter(id=permit_id, status=PermitStatus.ISSUED, expires_at__gt=now).update(
        status=PermitStatus.REDEEMED, leased_until=now + timedelta(seconds=settings.RENDER_LEASE_SECONDS)
    )
    if taken != 1:
        raise PermitError("The permit is unknown, already redeemed, expired or void.")
    permit = Permit.objects.select_related("request__voice").get(id=permit_id)
    permit.attempts += 1
    permit.save(update_fields=["attempts"])
    append(Event.RENDER_STARTED, refs=refs_of(permit), data={"attempt": permit.attempts})
    return permit


def complete(permit: Permit) -> bool:
    """End a redeemed permit; false when it was voided or taken over meanwhile (its result must be dropped)."""
    return _end(permit, PermitStatus.COMPLETED, ())


def fail(permit: Permit, *, reasons: Sequence[dict[str, Any]]) -> bool:
    """End a redeemed permit without a clip."""
    ended = _end(permit, PermitStatus.FAILED, reasons)
    if ended:
        append(Event.RENDER_FAILED, refs=refs_of(permit), data={"rules": [reason["rule"] for reason in reasons]})
    return ended


def withhold(permit: Permit, *, reasons: Sequence[dict[str, Any]], output: Withheld | None = None) -> bool:
    """End a redeemed permit whose output, or whose second decision, must not leave.

    What the engine made is sealed for a reviewer; nothing releases it, and it goes when the speaker's voice goes.
    """
    if not _end(permit, PermitStatus.WITHHELD, reasons):
        return False
    data: dict[str, Any] = {"rules": [reason["rule"] for reason in reasons]}
    if output is not None:
        speaker_id = permit.request.voice.speaker_id
        permit.withheld_blob = blobs.put(output.wav, subject_id=speaker_id, kind=WITHHELD, object_id=permit.id)
        permit.withheld_sha256 = data["wav_sha256"] = hashlib.sha256(output.wav).hexdigest()
        permit.examination = dict(output.examination)
        permit.save(update_fields=["withheld_blob", "withheld_sha256", "examination"])
    append(Event.RENDER_WITHHELD, refs=refs_of(permit), data=data)
    return True


def open_withheld(permit: Permit) -> bytes:
    """What was withheld, unmarked (WAV), for a reviewer's ears; raises `PermitError` where it is not kept."""
    if not permit.withheld_blob:
        raise PermitError("The output of this permit is not kept.")
    subject = permit.request.voice.speaker_id
    return blobs.get(permit.withheld_blob, subject_id=subject, kind=WITHHELD, object_id=permit.id)


def void(permit: Permit, *, reason: dict[str, Any]) -> None:
    """Take back a permit that has not ended; what a worker is making of it right now will be dropped."""
    open_states = [PermitStatus.ISSUED, PermitStatus.REDEEMED]
    changed = Permit.objects.filter(id=permit.id, status__in=open_states).update(
        status=PermitStatus.VOID, reasons=[reason], ended_at=timezone.now(), leased_until=None
    )
    if changed:
        append(Event.PERMIT_VOIDED, refs=refs_of(permit), data={"rules": [reason["rule"]]})


def give_back(permit: Permit, *, reason: dict[str, Any]) -> bool:
    """After a passing fault, make the permit redeemable again, or fail it when its attempts are used up."""
    if permit.attempts >= settings.RENDER_MAX_ATTEMPTS:
        return not fail(permit, reasons=[reason])
    changed = _mine(permit).update(status=PermitStatus.ISSUED, leased_until=None, reasons=[reason])
    if changed:
        data = {"rules": [reason["rule"]], "attempt": permit.attempts, "again": True}
        append(Event.RENDER_FAILED, refs=refs_of(permit), data=data)
    return bool(changed)


def _mine(permit: Permit) -> Any:
    """The row, if it still is this attempt's."""
    return Permit.objects.filter(id=permit.id, status=PermitStatus.REDEEMED, attempts=permit.attempts)


def _end(permit: Permit, status: str, reasons: Sequence[dict[str, Any]]) -> bool:
    ended = _mine(permit).update(status=status, reasons=list(reasons), ended_at=timezone.now(), leased_until=None)
    return bool(ended)


def refs_of(permit: Permit) -> dict[str, UUID]:
    """What an entry about a permit refers to: the speaker too, so that it is committed under their secret."""
    voice = permit.request.voice
    return {"permit": permit.id, "request": permit.request_id, "voice": voice.id, "speaker": voice.speaker_id}


def expire(permit: Permit) -> None:
    """End a permit that nobody redeemed in time."""
    late = Objection("permit-expired", "deny", "No worker took the request in time.", "Ask again.")
    void(permit, reason=as_reasons([late])[0])
