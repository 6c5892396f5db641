"""Permits: issued once per permitting decision, redeemed once, fenced by the number of the attempt."""

from __future__ import annotations

from collections.abc import Sequence
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
    append(Event.PERMIT_ISSUED, refs=_refs(permit))
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
    append(Event.RENDER_STARTED, refs=_refs(permit), data={"attempt": permit.attempts})
    return permit


def complete(permit: Permit) -> bool:
    """End a redeemed permit; false when it was voided or taken over meanwhile (its result must be dropped)."""
    return _end(permit, PermitStatus.COMPLETED, ())


def fail(permit: Permit, *, reasons: Sequence[dict[str, Any]]) -> bool:
    """End a redeemed permit without a clip."""
    ended = _end(permit, PermitStatus.FAILED, reasons)
    if ended:
        append(Event.RENDER_FAILED, refs=_refs(permit), data={"rules": [reason["rule"] for reason in reasons]})
    return ended


def withhold(permit: Permit, *, reasons: Sequence[dict[str, Any]]) -> bool:
    """End a redeemed permit whose output, or whose second decision, must not leave."""
    ended = _end(permit, PermitStatus.WITHHELD, reasons)
    if ended:
        append(Event.RENDER_WITHHELD, refs=_refs(permit), data={"rules": [reason["rule"] for reason in reasons]})
    return ended


def void(permit: Permit, *, reason: dict[str, Any]) -> None:
    """Take back a permit that has not ended; what a worker is making of it right now will be dropped."""
    open_states = [PermitStatus.ISSUED, PermitStatus.REDEEMED]
    changed = Permit.objects.filter(id=permit.id, status__in=open_states).update(
        status=PermitStatus.VOID, reasons=[reason], ended_at=timezone.now(), leased_until=None
    )
    if changed:
        append(Event.PERMIT_VOIDED, refs=_refs(permit), data={"rules": [reason["rule"]]})


def give_back(permit: Permit, *, reason: dict[str, Any]) -> bool:
    """After a passing fault, make the permit redeemable again, or fail it when its attempts are used up."""
    if permit.attempts >= settings.RENDER_MAX_ATTEMPTS:
        return not fail(permit, reasons=[reason])
    changed = _mine(permit).update(status=PermitStatus.ISSUED, leased_until=None, reasons=[reason])
    if changed:
        data = {"rules": [reason["rule"]], "attempt": permit.attempts, "again": True}
        append(Event.RENDER_FAILED, refs=_refs(permit), data=data)
    return bool(changed)


def _mine(permit: Permit) -> Any:
    """The row, if it still is this attempt's."""
    return Permit.objects.filter(id=permit.id, status=PermitStatus.REDEEMED, attempts=permit.attempts)


def _end(permit: Permit, status: str, reasons: Sequence[dict[str, Any]]) -> bool:
    ended = _mine(permit).update(status=status, reasons=list(reasons), ended_at=timezone.now(), leased_until=None)
    return bool(ended)


def _refs(permit: Permit) -> dict[str, UUID]:
    return {"permit": permit.id, "request": permit.request_id, "voice": permit.request.voice_id}


def expire(permit: Permit) -> None:
    """End a permit that nobody redeemed in time."""
    late = Objection("permit-expired", "deny", "No worker took the request in time.", "Ask again.")
    void(permit, reason=as_reasons([late])[0])
