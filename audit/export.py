"""Entries in the forms that other systems read: JSON Lines, and OCSF 1.3.0 (https://schema.ocsf.io/1.3.0).

An entry becomes an OCSF *Entity Management* event (class 3004), a sign-in or a refused API key an *Authentication*
event (class 3002). *API Activity* (6003) is not used: it requires the caller's network address, which the record
does not keep. Everything that OCSF has no word for stands under `unmapped`, so nothing is lost.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from audit.events import Event
from audit.queries import EntryView

OCSF_VERSION = "1.3.0"
ENTITY_MANAGEMENT, AUTHENTICATION = 3004, 3002
CREATE, READ, UPDATE, DELETE, OTHER = 1, 2, 3, 4, 99
LOGON = 1
SUCCESS, FAILURE = 1, 2
INFORMATIONAL = 1
USER, SYSTEM, OTHER_USER = 1, 3, 99

_NAMES = {CREATE: "Create", READ: "Read", UPDATE: "Update", DELETE: "Delete"}
_ACTIVITIES = {
    **dict.fromkeys(("created", "added", "issued", "requested", "received", "sealed", "placed"), CREATE),
    **dict.fromkeys(("shown", "released"), READ),
    **dict.fromkeys(
        ("given", "withdrawn", "expired", "revoked", "voided", "prepared", "lifted", "made-unreleasable"), UPDATE
    ),
    **dict.fromkeys(("erased", "shredded", "destroyed", "deleted"), DELETE),
}
_FAILURES = frozenset({"refused", "failed", "withheld"})
_AUTHENTICATIONS = frozenset({Event.MEMBER_SIGNED_IN, Event.API_KEY_REFUSED})
_ENTITIES = {  # the reference that names an event's entity, by the part or the subject of the event
    "api-key": "api_key",
    "permit": "permit",
    "gate": "decision",
    "recording": "recording",
    "member": "member",
    "consent": "consent",
    "voice": "voice",
    "protected-voice": "protected_voice",
    "synthesis": "request",
    "clip": "clip",
    "detection": "detection",
    "examination": "examination",
    "subject": "speaker",
}


def json_line(entry: EntryView, *, organisation_id: UUID, index: int) -> bytes:
    """One line of JSON (https://jsonlines.org): the entry as the API shows it, with its place in the log."""
    return _line({"index": index, "organisation": str(organisation_id), **_plain(entry)})


def ocsf_line(entry: EntryView, *, organisation_id: UUID, index: int) -> bytes:
    """One line of JSON: the entry as an OCSF event."""
    return _line(ocsf(entry, organisation_id=organisation_id, index=index))


def ocsf(entry: EntryView, *, organisation_id: UUID, index: int) -> dict[str, Any]:
    """The entry as an OCSF event; `metadata.sequence` is its place in the log, times are milliseconds since 1970."""
    subject, part, action = str(entry.event).split(":")
    authentication = entry.event in _AUTHENTICATIONS
    class_uid = AUTHENTICATION if authentication else ENTITY_MANAGEMENT
    activity = LOGON if authentication else _ACTIVITIES.get(action, OTHER)
    status = FAILURE if action in _FAILURES else SUCCESS
    actor = _actor(entry.actor, organisation_id)
    kind = _ENTITIES.get(part) or _ENTITIES.get(subject, "")
    reference = entry.refs.get(kind)
    about: dict[str, Any] = {"entity": _entity(subject, part, reference=reference, organisation_id=organisation_id)}
    if authentication:
        about = {"user": _user(kind, reference, organisation_id), "service": {"name": "Vivavoce"}}
    return {
        "activity_id": activity,
        "activity_name": "Logon" if authentication else _NAMES.get(activity, action),
        "category_uid": class_uid // 1_000,
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + activity,
        "time": round(entry.occurred_at.timestamp() * 1_000),
        "severity_id": INFORMATIONAL,
        "status_id": status,
        "status": "Failure" if status == FAILURE else "Success",
        "message": str(entry.event),
        "metadata": _metadata(entry, organisation_id=organisation_id, index=index),
        "actor": actor,
        **about,
        "unmapped": {"refs": {key: str(value) for key, value in entry.refs.items()}, "data": entry.data},
    }


def _metadata(entry: EntryView, *, organisation_id: UUID, index: int) -> dict[str, Any]:
    return {
        "version": OCSF_VERSION,
        "product": {"name": "Vivavoce", "vendor_name": "Vivavoce"},
        "uid": str(entry.id),
        "event_code": str(entry.event),
        "sequence": index,
        "tenant_uid": str(organisation_id),
        "log_name": "audit",
        "original_time": entry.occurred_at.isoformat(),
    }


def _actor(actor: str, organisation_id: UUID) -> dict[str, Any]:
    kind, _, identifier = actor.partition(":")
    if kind == "api-key":
        return {"app_uid": identifier, "app_name": "API key"}
    if kind == "system":
        return {"user": {"name": "system", "type_id": SYSTEM, "org": {"uid": str(organisation_id)}}}
    type_id = USER if kind == "member" else OTHER_USER
    return {"user": {"uid": identifier, "type": kind, "type_id": type_id, "org": {"uid": str(organisation_id)}}}


def _user(kind: str, reference: UUID | None, organisation_id: UUID) -> dict[str, Any]:
    type_id = USER if kind == "member" else OTHER_USER
    uid = str(reference or organisation_id)
    return {"uid": uid, "type": kind.replace("_", "-"), "type_id": type_id, "org": {"uid": str(organisation_id)}}


def _entity(subject: str, part: str, *, reference: UUID | None, organisation_id: UUID) -> dict[str, str]:
    """What was acted upon; an event that refers to no row of its own is about the organisation."""
    if reference is None:
        return {"type": "organisation", "uid": str(organisation_id)}
    return {"type": f"{subject}:{part}", "uid": str(reference)}


def _plain(entry: EntryView) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "event": str(entry.event),
        "actor": entry.actor,
        "occurred_at": entry.occurred_at.isoformat(),
        "refs": {key: str(value) for key, value in entry.refs.items()},
        "data": entry.data,
    }


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"
