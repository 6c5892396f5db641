from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from audit import log
from audit.errors import AuditError
from audit.events import Event
from audit.queries import entries
from tenancy.errors import ScopeError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


def test_an_entry_says_what_happened_who_did_it_and_to_what(northwind: Organisation) -> None:
    consent = uuid4()
    with organisation_scope(northwind.id, actor="speaker:0190-ab"):
        written = log.append(Event.CONSENT_GIVEN, refs={"consent": consent}, data={"score": 0.5, "purposes": ["ivr"]})
        entry = entries()[-1]
    assert (entry.id, entry.event, entry.actor) == (written, Event.CONSENT_GIVEN, "speaker:0190-ab")
    assert (entry.refs, entry.data) == ({"consent": consent}, {"score": 0.5, "purposes": ["ivr"]})
    assert isinstance(entry.occurred_at, datetime)


def test_an_act_that_is_undone_leaves_no_entry(in_northwind: Organisation) -> None:
    before = entries()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append(Event.CONSENT_GIVEN, refs={})
        1 / 0  # noqa: B018 - raises
    assert entries() == before


@pytest.mark.django_db
def test_nothing_is_recorded_outside_an_organisation() -> None:
    with pytest.raises(ScopeError):
        log.append(Event.CONSENT_GIVEN, refs={})


def test_the_vocabulary_of_events_is_closed(in_northwind: Organisation) -> None:
    with pytest.raises(ValueError, match="consent:record:forgotten"):
        log.append("consent:record:forgotten", refs={})


@pytest.mark.parametrize("refs", [{"customer": UUID(int=1)}, {"speaker": "Amara"}, {"speaker": None}])
def test_references_are_identifiers_under_known_keys(in_northwind: Organisation, refs: dict[str, UUID]) -> None:
    with pytest.raises(AuditError, match="UUIDs under known keys"):
        log.append(Event.CONSENT_GIVEN, refs=refs)


@pytest.mark.parametrize(
    "value",
    [datetime(2026, 1, 1, tzinfo=UTC), {1, 2}, b"bytes", float("nan"), float("inf"), {1: "a"}, object(), uuid4()],
)
def test_data_is_plain_json_at_every_depth(in_northwind: Organisation, value: object) -> None:
    with pytest.raises(AuditError, match="plain JSON"):
        log.append(Event.CONSENT_GIVEN, refs={}, data={"outer": [value]})


def test_every_event_written_by_the_lowest_room_is_in_the_vocabulary() -> None:
    root = Path(__file__).resolve().parents[2] / "tenancy"
    written = {event for file in root.glob("*.py") for event in re.findall(r'record\("([^"]+)"', file.read_text())}
    assert written <= set(Event)
    assert "subject:key:shredded" in written
