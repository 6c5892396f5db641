"""What other systems read: every event has a line in each form, and OCSF's required attributes are all there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from audit.events import Event
from audit.export import json_line, ocsf, ocsf_line
from audit.queries import EntryView

ORGANISATION = UUID("01890000-0000-7000-8000-000000000001")
ENTRY = UUID("01890000-0000-7000-8000-000000000002")
VOICE = UUID("01890000-0000-7000-8000-000000000003")
MEMBER = UUID("01890000-0000-7000-8000-000000000004")
WHEN = datetime(2026, 11, 21, 7, 0, 0, 123456, tzinfo=UTC)
# https://schema.ocsf.io/1.3.0/classes/entity_management and …/authentication, "required" and "at least one".
REQUIRED = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}


def entry(event: Event = Event.VOICE_CREATED, *, actor: str = "system", **refs: UUID) -> EntryView:
    return EntryView(ENTRY, event, actor, WHEN, refs or {"voice": VOICE}, {"rules": ["naïve"], "likeness": 0.7})


def test_a_json_line_says_everything_in_one_line() -> None:
    line = json_line(entry(), organisation_id=ORGANISATION, index=41)
    assert (line.endswith(b"\n"), line.count(b"\n")) == (True, 1)
    assert json.loads(line) == {
        "index": 41,
        "organisation": str(ORGANISATION),
        "id": str(ENTRY),
        "event": "voice:record:created",
        "actor": "system",
        "occurred_at": "2026-11-21T07:00:00.123456+00:00",
        "refs": {"voice": str(VOICE)},
        "data": {"rules": ["naïve"], "likeness": 0.7},
    }


@pytest.mark.parametrize("event", Event)
def test_every_event_has_all_that_ocsf_requires_and_loses_nothing(event: Event) -> None:
    document = json.loads(ocsf_line(entry(event), organisation_id=ORGANISATION, index=3))
    assert set(document) >= REQUIRED
    assert document["type_uid"] == document["class_uid"] * 100 + document["activity_id"]
    assert document["category_uid"] == document["class_uid"] // 1_000 == 3
    assert ("entity" in document) == (document["class_uid"] == 3004)
    assert ("user" in document and "service" in document) == (document["class_uid"] == 3002)
    assert document["metadata"]["version"] == "1.3.0"
    assert document["metadata"]["product"]["vendor_name"]
    assert (document["metadata"]["event_code"], document["metadata"]["sequence"]) == (event.value, 3)
    assert document["unmapped"] == {"refs": {"voice": str(VOICE)}, "data": {"rules": ["naïve"], "likeness": 0.7}}


def test_time_is_said_in_milliseconds_since_1970() -> None:
    assert ocsf(entry(), organisation_id=ORGANISATION, index=0)["time"] == 1_795_244_400_123


@pytest.mark.parametrize(
    ("event", "activity", "name", "status"),
    [
        (Event.VOICE_CREATED, 1, "Create", "Success"),
        (Event.CONSENT_NOTICE_SHOWN, 2, "Read", "Success"),
        (Event.CONSENT_WITHDRAWN, 3, "Update", "Success"),
        (Event.VOICE_ERASED, 4, "Delete", "Success"),
        (Event.RENDER_FAILED, 99, "failed", "Failure"),
        (Event.CLIP_RELEASE_REFUSED, 99, "refused", "Failure"),
        (Event.SYNTHESIS_DECIDED, 99, "decided", "Success"),
    ],
)
def test_an_event_becomes_the_activity_it_is(event: Event, activity: int, name: str, status: str) -> None:
    document = ocsf(entry(event), organisation_id=ORGANISATION, index=0)
    assert (document["activity_id"], document["activity_name"], document["status"]) == (activity, name, status)


def test_what_was_acted_upon_is_named_by_its_own_reference() -> None:
    about = entry(Event.PERMIT_VOIDED, permit=MEMBER, request=VOICE)
    assert ocsf(about, organisation_id=ORGANISATION, index=0)["entity"] == {
        "type": "synthesis:permit",
        "uid": str(MEMBER),
    }


def test_an_event_without_a_reference_of_its_own_is_about_the_organisation() -> None:
    document = ocsf(entry(Event.UPLOAD_REFUSED), organisation_id=ORGANISATION, index=0)
    assert document["entity"] == {"type": "organisation", "uid": str(ORGANISATION)}


def test_signing_in_is_an_authentication_of_that_member() -> None:
    document = ocsf(entry(Event.MEMBER_SIGNED_IN, member=MEMBER), organisation_id=ORGANISATION, index=0)
    assert (document["class_uid"], document["activity_name"], document["status_id"]) == (3002, "Logon", 1)
    assert (document["user"]["uid"], document["user"]["type_id"]) == (str(MEMBER), 1)


def test_a_refused_key_is_a_failed_authentication() -> None:
    document = ocsf(entry(Event.API_KEY_REFUSED, api_key=MEMBER), organisation_id=ORGANISATION, index=0)
    assert (document["class_uid"], document["status_id"], document["user"]["type"]) == (3002, 2, "api-key")


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        ("system", {"user": {"name": "system", "type_id": 3, "org": {"uid": str(ORGANISATION)}}}),
        ("api-key:7", {"app_uid": "7", "app_name": "API key"}),
        ("member:7", {"user": {"uid": "7", "type": "member", "type_id": 1, "org": {"uid": str(ORGANISATION)}}}),
        ("speaker:7", {"user": {"uid": "7", "type": "speaker", "type_id": 99, "org": {"uid": str(ORGANISATION)}}}),
    ],
)
def test_every_kind_of_actor_is_said_in_ocsf_s_words(actor: str, said: dict[str, object]) -> None:
    assert ocsf(entry(actor=actor), organisation_id=ORGANISATION, index=0)["actor"] == said
