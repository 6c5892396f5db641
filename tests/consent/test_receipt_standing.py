from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from consent import lifecycle, proof, receipts
from consent.errors import LinkError
from consent.models import ConsentRecord, Receipt
from consent.receipt_standing import Standing, standing_of
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.consent.conftest import Ask
from tests.consent.records import EVIDENCE


@pytest.fixture
def receipt(ask: Ask) -> Receipt:
    consent = ask(purposes=["narration"])
    lifecycle.give(consent, evidence=EVIDENCE)
    return receipts.issue(consent)


def test_a_receipt_stands_until_the_yes_is_taken_back(receipt: Receipt) -> None:
    assert standing_of(receipt.id) == Standing.VALID
    lifecycle.withdraw(receipt.consent)
    assert standing_of(receipt.id) == Standing.WITHDRAWN


def test_a_receipt_ends_with_its_consent_at_the_very_second(receipt: Receipt) -> None:
    ConsentRecord.objects.filter(id=receipt.consent_id).update(valid_until=timezone.now() - timedelta(seconds=1))
    assert standing_of(receipt.id) == Standing.EXPIRED
    lifecycle.expire(ConsentRecord.objects.get(id=receipt.consent_id))
    assert standing_of(receipt.id) == Standing.EXPIRED


def test_whoever_holds_it_can_ask_from_anywhere(receipt: Receipt, rival: Organisation) -> None:
    with organisation_scope(rival.id, actor="system"):
        assert standing_of(receipt.id) == Standing.VALID


def test_nothing_is_known_of_a_receipt_that_was_never_issued(receipt: Receipt) -> None:
    with pytest.raises(LinkError) as refused:
        standing_of(new_id())
    assert refused.value.code == "receipt-unknown"


def test_nothing_is_known_any_more_once_the_proof_is_destroyed(receipt: Receipt) -> None:
    lifecycle.withdraw(receipt.consent)
    proof.destroy(receipt.consent)
    with pytest.raises(LinkError):
        standing_of(receipt.id)


def test_another_organisation_still_sees_no_receipts(receipt: Receipt, rival: Organisation) -> None:
    with organisation_scope(rival.id, actor="system"):
        assert not Receipt.objects.filter(id=receipt.id).exists()
