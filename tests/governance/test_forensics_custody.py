from __future__ import annotations

import hashlib
import json
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from governance.forensic_models import CustodyAction, CustodyEvent, Examination
from governance.forensics import custody
from governance.forensics.errors import CustodyError
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.forensic_files import hand_in, receive

pytestmark = pytest.mark.django_db


def check(examination: Examination, events: list[CustodyEvent] | None = None) -> None:
    chained = custody.trail(examination) if events is None else events
    custody.verify(chained, examination_id=examination.id, original_sha256=examination.sha256)


def test_each_event_is_chained_to_the_one_before_and_the_first_to_the_original(in_northwind: Organisation) -> None:
    examination = hand_in()
    first = receive(examination)
    second = custody.note(
        examination,
        action=CustodyAction.DECODED,
        in_sha256=examination.sha256,
        out_sha256="b" * 64,
        tool="a decoder",
        parameters={"rate": 16_000, "codec": "pcm"},
    )
    assert (first.sequence, first.previous_sha256) == (1, examination.sha256)
    assert (second.sequence, second.previous_sha256) == (2, first.sha256)
    assert [event.sha256 for event in custody.trail(examination)] == [first.sha256, second.sha256]
    assert custody.head(examination) == second.sha256
    check(examination)


def test_the_hash_is_the_one_that_an_outsider_computes_from_the_documented_form(in_northwind: Organisation) -> None:
    examination = hand_in()
    receive(examination)
    (event,) = custody.trail(examination)
    plain = {
        "action": "received",
        "actor": "system",
        "at": event.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "examination": str(examination.id),
        "in_sha256": examination.sha256,
        "original_sha256": examination.sha256,
        "out_sha256": "",
        "parameters": {},
        "previous_sha256": examination.sha256,
        "sequence": 1,
        "tool": "a test",
    }
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    assert event.sha256 == hashlib.sha256(b"vivavoce/custody/v1\0" + canonical).hexdigest()


@pytest.mark.parametrize(
    ("field", "value"),
    [("actor", "member:1"), ("in_sha256", "c" * 64), ("parameters", {"reason": "another"}), ("tool", "other")],
)
def test_a_changed_event_is_named(in_northwind: Organisation, field: str, value: object) -> None:
    examination = hand_in()
    receive(examination)
    receive(examination)
    events = custody.trail(examination)
    setattr(events[1], field, value)
    with pytest.raises(CustodyError, match=r"Event 2 .* was changed"):
        check(examination, events)


def test_a_missing_event_and_one_of_another_original_are_named(in_northwind: Organisation) -> None:
    examination = hand_in()
    for _ in range(3):
        receive(examination)
    first, _, third = custody.trail(examination)
    with pytest.raises(CustodyError, match=r"Event 2 .* does not follow"):
        check(examination, [first, third])
    with pytest.raises(CustodyError, match=r"Event 1 .* does not follow"):
        custody.verify([first], examination_id=examination.id, original_sha256="d" * 64)


def test_what_has_more_than_one_canonical_form_is_refused(in_northwind: Organisation) -> None:
    examination = hand_in()
    for parameters in ({"rate": 16_000.0}, {"loud": True}, {"list": []}):
        with pytest.raises(CustodyError, match="text or a whole number"):
            custody.note(
                examination,
                action=CustodyAction.OPENED,
                in_sha256=examination.sha256,
                parameters=parameters,  # type: ignore[arg-type]
            )
    with pytest.raises(CustodyError, match="64 lower-case"):
        custody.note(examination, action=CustodyAction.OPENED, in_sha256="ABC")


# What the database itself keeps.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE governance_custodyevent SET actor = 'member:1'",
        "DELETE FROM governance_custodyevent",
        "TRUNCATE governance_custodyevent",
        "ALTER TABLE governance_custodyevent DISABLE TRIGGER governance_custodyevent_no_change",
        "UPDATE governance_examination SET sha256 = repeat('0', 64)",
        "UPDATE governance_examination SET question = 'another'",
        "UPDATE governance_examination SET protocol_sha256 = repeat('0', 64)",
        "DELETE FROM governance_examination",
    ],
)
def test_the_application_can_rewrite_neither_custody_nor_what_came_in(
    in_northwind: Organisation, statement: str
) -> None:
    receive(hand_in())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(("sequence", "previous"), [(1, ""), (3, ""), (2, "e" * 64)])
def test_an_event_that_does_not_follow_on_the_last_is_refused_by_the_database(
    in_northwind: Organisation, sequence: int, previous: str
) -> None:
    examination = hand_in()
    last = receive(examination)
    forged = CustodyEvent(
        id=new_id(),
        organisation=in_northwind,
        examination=examination,
        sequence=sequence,
        at=last.at,
        actor="system",
        action="opened",
        in_sha256=examination.sha256,
        previous_sha256=previous or last.sha256,
        sha256="f" * 64,
    )
    with pytest.raises(DatabaseError, match="must follow on the last one"), transaction.atomic():
        forged.save(force_insert=True)


def test_another_organisation_sees_no_event_and_can_add_none(northwind: Organisation, rival: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        examination = hand_in()
        receive(examination)
    with organisation_scope(rival.id, actor="system"):
        assert custody.trail(examination) == []
        with pytest.raises(Examination.DoesNotExist):
            receive(examination)


def test_the_chain_of_one_file_is_not_that_of_another(in_northwind: Organisation) -> None:
    examination, other = hand_in(), hand_in(b"another file")
    receive(examination)
    receive(other)
    with pytest.raises(CustodyError, match="does not follow"):
        custody.verify(custody.trail(other), examination_id=uuid4(), original_sha256=other.sha256)
    check(other)
