from __future__ import annotations

import copy
import hashlib
import json
from datetime import timedelta

import pytest

from audit.events import Event
from audit.queries import entries
from consent import lifecycle, links, receipt_token, receipts
from consent.models import ConsentRecord, Receipt
from tenancy.tokens import hash_token
from tests.consent.conftest import Ask
from tests.consent.records import EVIDENCE


@pytest.fixture
def given(ask: Ask) -> ConsentRecord:
    consent = ask(purposes=["narration", "games"])
    lifecycle.give(consent, evidence=EVIDENCE)
    return consent


def test_a_receipt_says_who_agreed_to_what_until_when_and_how_to_take_it_back(given: ConsentRecord) -> None:
    body = receipts.issue(given).body
    assert body["pii_principal"]["name"] == "Amara Okafor"
    assert body["pii_controller"]["name"] == "Northwind"
    assert [purpose["purpose"] for purpose in body["purposes"]] == ["games", "narration"]
    assert body["notice"]["sha256"] == given.notice_sha256
    assert body["consent"]["statement"] == given.statement
    assert body["consent"]["valid_until"] == given.valid_until.isoformat()
    assert body["consent"]["recording_sha256"] == EVIDENCE["recording_sha256"]
    assert body["withdrawal"]["path"] == "/v1/receipts/{token}/withdraw"


def test_a_receipt_does_not_hold_the_secret_of_its_link(given: ConsentRecord) -> None:
    receipt = receipts.issue(given)
    token = receipts.new_link(receipt)
    assert token not in json.dumps(receipt.body)


def test_the_signature_holds_after_a_trip_through_the_database(given: ConsentRecord) -> None:
    receipts.issue(given)
    stored = Receipt.objects.get(consent=given)
    assert receipts.verify(stored.body, signature=stored.signature, key_id=stored.key_id)


def test_a_receipt_with_one_word_changed_is_not_ours(given: ConsentRecord) -> None:
    receipt = receipts.issue(given)
    forged = copy.deepcopy(receipt.body)
    forged["purposes"][0]["purpose"] = "marketing"
    assert not receipts.verify(forged, signature=receipt.signature, key_id=receipt.key_id)
    assert not receipts.verify(receipt.body, signature=receipt.signature, key_id="another")
    assert not receipts.verify(receipt.body, signature=receipt.signature[:-4] + "AAAA", key_id=receipt.key_id)


def test_the_signed_bytes_do_not_depend_on_the_order_of_keys() -> None:
    assert (
        receipts.canonical({"b": 1, "a": "ü"}) == receipts.canonical({"a": "ü", "b": 1}) == '{"a":"ü","b":1}'.encode()
    )


def test_the_receipts_link_outlives_the_consent_by_a_year(given: ConsentRecord) -> None:
    token = receipts.new_link(receipts.issue(given))
    kept = given.links.get(token_hash=hash_token(token))
    assert kept.expires_at == given.valid_until + timedelta(days=365)
    assert links.find_link(token, kind="receipt").consent_id == given.id


def test_issuing_is_on_the_record_with_the_hash_of_what_was_signed(given: ConsentRecord) -> None:
    receipts.issue(given)
    entry = entries(about=given.id)[-1]
    assert entry.event == Event.CONSENT_RECEIPT_ISSUED
    assert set(entry.data) == {"sha256", "sd_jwt_sha256"}
    receipt = Receipt.objects.get(consent=given)
    jwt = receipt.sd_jwt.split("~")[0]
    assert entry.data["sha256"] == hashlib.sha256(receipts.canonical(receipt.body)).hexdigest()
    assert entry.data["sd_jwt_sha256"] == hashlib.sha256(jwt.encode()).hexdigest()
    assert receipt.log_entry == entry.id


def test_the_token_says_what_the_body_says(given: ConsentRecord) -> None:
    receipt = receipts.issue(given)
    said = receipt_token.verify_presentation(receipt.sd_jwt)
    assert said.receipt_id == receipt.id
    for name in ("pii_principal", "pii_controller", "intended_use", "languages_spoken", "consent"):
        assert said.claims[name] == receipt.body[name]
    assert sorted(said.claims["purposes"], key=str) == sorted(receipt.body["purposes"], key=str)
