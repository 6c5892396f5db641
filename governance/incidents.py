"""Incidents: an engine spoke with a voice that is not the consented speaker's; recorded with what was heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.events import Event
from audit.log import append
from governance.models import Incident, IncidentKind, Permit

PROTECTED = frozenset({"output-protected-voice"})
OTHERS = frozenset({"output-other-voice", "output-second-speaker"})
TOLD = PROTECTED | OTHERS | {"output-protected-voice-possible"}
"""What an incident keeps; a possible likeness opens none by itself."""


def open_if_due(
    permit: Permit, *, reasons: Sequence[Mapping[str, Any]], engine_release: Mapping[str, Any]
) -> Incident | None:
    """Open an incident for a withheld output in which somebody else was heard; None where the reasons are others.

    A protected voice outweighs a merely unknown one. Call it in the transaction that withholds.
    """
    found = {reason["rule"] for reason in reasons}
    if not found & (PROTECTED | OTHERS):
        return None
    kind = IncidentKind.PROTECTED_VOICE if found & PROTECTED else IncidentKind.OTHER_VOICE
    voice = permit.request.voice
    incident = Incident.objects.create(
        organisation_id=permit.organisation_id,
        permit=permit,
        voice=voice,
        kind=kind,
        reasons=[dict(reason) for reason in reasons if reason["rule"] in TOLD],
        engine_release=dict(engine_release),
    )
    refs = {"permit": permit.id, "request": permit.request_id, "voice": voice.id}
    append(Event.INCIDENT_OPENED, refs=refs, data={"kind": kind.value, "rules": sorted(found & TOLD)})
    return incident
