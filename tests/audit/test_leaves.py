from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.events import Event
from audit.leaves import canonical, commitment, leaf, organisation_tag, payload, split

ENTRY = UUID("0199aa00-0000-7000-8000-000000000001")
NORTHWIND = UUID("0199aa00-0000-7000-8000-0000000000ff")
NOON = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
ACTOR = "member:7"

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé😀", max_size=4), inner, max_size=3),
    max_leaves=8,
)


def test_a_leaf_says_kind_time_and_whose_and_nothing_of_anyone() -> None:
    made = leaf(
        event_id=ENTRY,
        event=Event.CONSENT_GIVEN,
        occurred_at=NOON,
        organisation_tag=organisation_tag(NORTHWIND),
        commitments=[b"\1" * 32, b"\2" * 32],
    )
    assert json.loads(made) == {
        "v": 1,
        "id": str(ENTRY),
        "event": "consent:record:given",
        "time": "2026-11-21T12:00:00.000005Z",
        "organisation": hashlib.sha256(b"vivavoce/organisation/v1\0" + NORTHWIND.bytes).hexdigest()[:32],
        "commitments": ["01" * 32, "02" * 32],
    }


def test_every_events_leaf_is_canonical_json() -> None:
    for event in Event:
        made = leaf(event_id=ENTRY, event=event, occurred_at=NOON, organisation_tag="0" * 32, commitments=[b"x" * 32])
        assert made == rfc8785.dumps(json.loads(made))


def test_a_leaf_is_the_same_wherever_its_time_was_read() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    both = {
        leaf(event_id=ENTRY, event="a:b:c", occurred_at=moment, organisation_tag="0" * 32, commitments=[])
        for moment in (NOON, elsewhere)
    }
    assert len(both) == 1


def test_a_commitment_is_bound_to_salt_length_and_payload() -> None:
    committed = payload(ACTOR, {"score": 0.5}, {"speaker": str(ENTRY)})
    assert committed == b'{"actor":"member:7","data":{"score":0.5},"refs":{"speaker":"%s"}}' % str(ENTRY).encode()
    expected = hashlib.sha256(
        b"vivavoce/commit/v1\0" + b"s" * 32 + len(committed).to_bytes(8, "big") + committed
    ).digest()
    assert commitment(committed, salt=b"s" * 32) == expected
    assert commitment(committed, salt=b"t" * 32) != expected


def test_commitments_come_apart_as_they_were_put_together() -> None:
    assert split(b"") == ()
    assert split(b"a" * 32 + b"b" * 32) == (b"a" * 32, b"b" * 32)


@given(plain)
def test_the_fast_encoder_writes_what_the_specification_says(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value).decode()


@pytest.mark.parametrize("number", [1.0, -0.0, 1e16, 1e15 + 0.5, 1e-4, 9.9e-5, 1e-7, 1e21, 1e22, 2.0**53, 0.1, 123.456])
def test_numbers_are_written_as_ecmascript_does(number: float) -> None:
    assert canonical([number]) == rfc8785.dumps([number]).decode()


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="nan"):
        canonical({"score": float("nan")})


@given(st.dictionaries(st.text("abc", max_size=3), plain, max_size=4))
def test_the_payload_is_the_same_after_json_and_back(data: dict[str, object]) -> None:
    again = json.loads(json.dumps(data))
    assert payload(ACTOR, again, {}) == payload(ACTOR, data, {})
