"""The speaker takes back a part: at once, on record, and never to make it more."""

from __future__ import annotations

import pytest

from audit.events import Event
from audit.queries import entries
from consent import lifecycle, receipts
from consent.errors import ConsentError
from consent.models import ConsentRecord
from consent.queries import scope_of
from tests.consent.conftest import Ask
from tests.consent.records import EVIDENCE


@pytest.fixture
def given(ask: Ask) -> ConsentRecord:
    consent = ask(purposes=["narration", "games"])
    ConsentRecord.objects.filter(id=consent.id).update(clips_may_be_distributed=True)
    lifecycle.give(consent, evidence=EVIDENCE)
    return ConsentRecord.objects.get(id=consent.id)


def test_what_is_taken_back_is_out_of_scope_at_once_and_stays_on_record(given: ConsentRecord) -> None:
    lifecycle.narrow(given, purposes=["narration"])
    scope = scope_of(given.id)
    assert scope is not None
    assert (scope.status, scope.purposes) == ("given", {"narration"})
    left, gone = given.purposes.get(purpose="narration"), given.purposes.get(purpose="games")
    assert (left.active, left.taken_back_at, gone.active) == (True, None, False)
    assert gone.taken_back_at is not None
    entry = entries(about=given.id)[-1]
    assert (entry.event, entry.data) == (
        Event.CONSENT_NARROWED,
        {"taken_back": ["games"], "left": ["narration"], "clips_may_be_distributed": True},
    )


def test_clips_may_no_longer_be_passed_on(given: ConsentRecord) -> None:
    lifecycle.narrow(given, clips_may_be_distributed=False)
    assert ConsentRecord.objects.get(id=given.id).clips_may_be_distributed is False
    assert scope_of(given.id).purposes == {"narration", "games"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"purposes": ["narration", "games", "ivr"]}, "ivr was never agreed to"),
        ({"purposes": []}, "Nothing would be left"),
        ({"purposes": ["games", "narration"]}, "what the consent says already"),
        ({}, "what the consent says already"),
    ],
)
def test_narrowing_is_taking_back_and_nothing_else(
    given: ConsentRecord, change: dict[str, list[str]], why: str
) -> None:
    with pytest.raises(ConsentError, match=why) as caught:
        lifecycle.narrow(given, **change)  # type: ignore[arg-type]
    assert caught.value.code == "consent-scope"
    assert given.purposes.filter(active=True).count() == 2


def test_what_was_taken_back_cannot_be_had_again_by_narrowing(given: ConsentRecord) -> None:
    lifecycle.narrow(given, purposes=["narration"], clips_may_be_distributed=False)
    for change in ({"purposes": ["games"]}, {"clips_may_be_distributed": True}):
        with pytest.raises(ConsentError, match="To narrow is to take back"):
            lifecycle.narrow(given, **change)  # type: ignore[arg-type]


def test_a_purpose_that_was_taken_back_is_free_for_another_consent(given: ConsentRecord, ask: Ask) -> None:
    lifecycle.narrow(given, purposes=["narration"])
    other = ask(purposes=["games"], speaker_id=given.speaker_id)
    lifecycle.give(other, evidence=EVIDENCE)
    assert other.status == "given"


def test_the_latest_receipt_says_what_is_left_and_what_was_taken_back(given: ConsentRecord) -> None:
    first = receipts.issue(given)
    lifecycle.narrow(given, purposes=["narration"])
    second = receipts.issue(given)
    assert receipts.latest(given) == second != first
    assert [purpose["purpose"] for purpose in second.body["purposes"]] == ["narration"]
    assert [purpose["purpose"] for purpose in second.body["purposes_taken_back"]] == ["games"]
    assert receipts.verify(second.body, signature=second.signature, key_id=second.key_id)
