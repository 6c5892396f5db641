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
from audit.leaves import commitment, payload
from audit.queries import entries
from tenancy import keyring
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
    [
        datetime(2026, 1, 1, tzinfo=UTC),
        {1, 2},
        b"bytes",
        float("nan"),
        float("inf"),
        {1: "a"},
        object(),
        uuid4(),
        "a\0b",
        "\ud800",
        {"\0": 1},
    ],
)
def test_data_is_plain_json_at_every_depth(in_northwind: Organisation, value: object) -> None:
    with pytest.raises(AuditError, match="plain JSON"):
        log.append(Event.CONSENT_GIVEN, refs={}, data={"outer": [value]})


@pytest.mark.parametrize("number", [2**53, -(2**53)])
def test_whole_numbers_are_such_as_every_reader_can_hold(in_northwind: Organisation, number: int) -> None:
    with pytest.raises(AuditError, match="whole numbers"):
        log.append(Event.CONSENT_GIVEN, refs={}, data={"count": number})


@pytest.mark.parametrize("number", [0.1, 1e22, -1e300, 5e-324, 1.0, -0.0, 2**53 - 1, 123456789.123])
def test_what_is_read_back_opens_the_commitment(in_northwind: Organisation, number: float) -> None:
    """PostgreSQL keeps numbers in a form of its own; the committed bytes must come out the same."""
    written = log.append(Event.CONSENT_GIVEN, refs={"consent": uuid4()}, data={"number": number, "ä": [{"é": "😀"}]})
    entry = entries()[-1]
    refs = {key: str(value) for key, value in entry.refs.items()}
    committed = payload(entry.actor, entry.data, refs)
    salt = keyring.ledger_salt(None, event_id=written)
    assert entry.commitments == (commitment(committed, salt=salt),)


def test_there_is_one_commitment_for_each_person_the_entry_refers_to(in_northwind: Organisation) -> None:
    refs = {"speaker": uuid4(), "protected_voice": uuid4()}
    written = log.append(Event.VOICE_ENROLMENT_REFUSED, refs=refs)
    committed = payload("system", {}, {key: str(value) for key, value in refs.items()})
    assert entries()[-1].commitments == tuple(
        commitment(committed, salt=keyring.ledger_salt(refs[key], event_id=written))
        for key in ("protected_voice", "speaker")
    )


def test_an_entry_about_someone_whose_key_was_destroyed_commits_by_the_organisation(in_northwind: Organisation) -> None:
    speaker = uuid4()
    keyring.seal(b"voice", subject_id=speaker, kind="sample", object_id=uuid4())
    keyring.shred(subject_id=speaker)
    shredded = entries()[-1]
    committed = payload("system", shredded.data, {"speaker": str(speaker)})
    assert shredded.event == Event.SUBJECT_KEY_SHREDDED
    assert shredded.commitments == (commitment(committed, salt=keyring.ledger_salt(None, event_id=shredded.id)),)


def test_the_same_act_twice_is_committed_to_differently(in_northwind: Organisation) -> None:
    """Otherwise equal commitments would tell that equal things happened."""
    consent = uuid4()
    for _ in range(2):
        log.append(Event.CONSENT_GIVEN, refs={"consent": consent})
    first, second = entries()[-2:]
    assert first.commitments != second.commitments


def test_every_event_written_by_the_lowest_room_is_in_the_vocabulary() -> None:
    root = Path(__file__).resolve().parents[2] / "tenancy"
    written = {event for file in root.glob("*.py") for event in re.findall(r'record\("([^"]+)"', file.read_text())}
    assert written <= set(Event)
    assert "subject:key:shredded" in written
