"""The receipt's forms over HTTP: paper, token, proof, and whether it stands."""

from __future__ import annotations

import base64
import io
import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pypdf import PdfReader

from audit.identity import verifier_keys
from audit.policy import Policy
from audit.proofs import verify_proof
from audit.publishing import publish
from audit.sequencer import sequence_once
from consent.receipt_token import disclosable, present, verify_presentation
from consent.receipt_wording import receipt_wording
from governance.receipt_check import of_file
from tenancy.models import Organisation
from tests.cast import found
from tests.governance.given import Given, give
from tests.governance.test_api_refusals import problem


@pytest.fixture
def given(northwind: Organisation) -> Given:
    return give(northwind)


def get(address: str, **query: Any) -> Any:
    return Client().get(address, query)


def text_of(content: bytes) -> str:
    (page,) = PdfReader(io.BytesIO(content)).pages
    return " ".join(page.extract_text().split())


def test_the_receipt_comes_with_its_token(given: Given) -> None:
    assert get(given.address()).json()["sd_jwt"] == given.receipt.sd_jwt


def test_the_token_shows_everything_or_just_what_its_holder_names(given: Given) -> None:
    whole = get(given.address("/sd-jwt"))
    assert (whole["Content-Type"], whole["Cache-Control"]) == ("application/sd-jwt", "no-store")
    assert whole.content.decode() == given.receipt.sd_jwt
    part = get(given.address("/sd-jwt"), disclose=["intended_use", "purposes.games"]).content.decode()
    assert disclosable(part) == ["intended_use", "purposes.games"]
    assert get(given.address("/sd-jwt"), disclose="").content.decode() == present(given.receipt.sd_jwt, disclose=[])


def test_a_claim_that_the_receipt_does_not_hold_is_refused_with_those_that_it_does(given: Given) -> None:
    refused = problem(get(given.address("/sd-jwt"), disclose="shoe_size"), 422, "receipt-claim-unknown")
    assert "purposes.narration" in refused["detail"]


def test_the_page_is_one_that_can_be_printed_and_holds_its_signed_original(given: Given) -> None:
    answer = get(given.address("/pdf"))
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/pdf", "no-store")
    assert "Amara Okafor said yes to Northwind" in text_of(answer.content)
    assert f"http://testserver/r/{given.token}" in text_of(answer.content)
    files = PdfReader(io.BytesIO(answer.content)).attachments
    assert files["receipt.sd-jwt.txt"][0].decode().strip() == given.receipt.sd_jwt
    assert of_file(answer.content).verdict == "valid"


def test_terms_that_were_never_agreed_on_have_no_row_and_do_not_keep_the_page_away(northwind: Organisation) -> None:
    """A consent of before they were asked for, of which a receipt was issued since."""
    plain = give(northwind, territory=[], compensation="")
    page = get(plain.address("/pdf")).content
    assert of_file(page).verdict == "valid"
    rows = receipt_wording("en").receipt
    assert [rows[term] in text_of(page) for term in ("territory", "compensation")] == [False, False]
    both = text_of(get(give(northwind).address("/pdf")).content)
    assert f"{rows['territory']} Ireland and United Kingdom {rows['compensation']} 300 euros" in both


def test_the_copy_to_show_keeps_the_link_to_oneself(given: Given) -> None:
    shown = get(given.address("/pdf"), copy="to-show")
    assert "to-show.pdf" in shown["Content-Disposition"]
    assert given.token.encode() not in shown.content
    assert given.token not in text_of(shown.content)
    problem(get(given.address("/pdf"), copy="theirs"), 400, "request-malformed")


def test_whatever_a_reader_accepts_the_page_is_a_pdf(given: Given) -> None:
    assert Client().get(given.address("/pdf"), headers={"Accept": "application/pdf"}).status_code == 200
    assert Client().get(given.address("/sd-jwt"), headers={"Accept": "application/sd-jwt"}).status_code == 200


@pytest.mark.parametrize("form", ["/pdf", "/sd-jwt", "/proof"])
def test_without_the_link_there_is_nothing(given: Given, form: str) -> None:
    problem(get(f"/v1/receipts/vvr_{'x' * 43}{form}"), 404, "link-unknown")


def test_before_the_log_has_the_entry_the_proof_is_not_ready_and_the_page_says_so(given: Given) -> None:
    answer = get(given.address("/proof"))
    problem(answer, 409, "proof-not-ready")
    assert answer["Retry-After"] == "2"
    page = get(given.address("/pdf")).content
    assert "not yet when this page was made" in text_of(page)
    assert list(PdfReader(io.BytesIO(page)).attachments) == ["receipt.sd-jwt.txt"]


def test_once_logged_the_proof_shows_that_the_log_knows_this_receipt(committed_db: None) -> None:
    given = give(found("Northwind"))
    while sequence_once():
        pass
    publish()
    evidence = get(given.address("/proof")).json()
    policy = Policy().with_logs(verifier_keys())
    leaf = base64.b64decode(evidence["entry"]["log"]["leaf"])
    proven = verify_proof(evidence["tlog_proof"], leaf=leaf, policy=policy)
    assert proven.index == evidence["entry"]["log"]["index"]
    assert (evidence["entry"]["event"], evidence["entry"]["id"]) == (
        "consent:receipt:issued",
        str(given.receipt.log_entry),
    )
    page = get(given.address("/pdf")).content
    assert f"entry number {proven.index}" in text_of(page)
    assert json.loads(PdfReader(io.BytesIO(page)).attachments["log-entry.json"][0]) == evidence


def standing(given: Given) -> Any:
    return get(f"/v1/receipts/status/{given.receipt.id}")


def test_anyone_who_knows_the_number_learns_one_word(given: Given) -> None:
    answer = standing(given)
    assert (answer.json(), answer["Cache-Control"]) == ({"status": "valid"}, "no-store")


def test_the_address_in_the_token_is_where_the_standing_is(given: Given, settings: Any) -> None:
    uri = verify_presentation(given.receipt.sd_jwt).claims["status"]["uri"]
    assert get(uri.removeprefix(settings.PUBLIC_URL)).json() == {"status": "valid"}


def test_the_standing_is_live(given: Given) -> None:
    assert Client().post(given.address("/withdraw")).status_code == 200
    assert standing(given).json() == {"status": "withdrawn"}
    assert "Amara Okafor said yes" in text_of(get(given.address("/pdf")).content)


def test_nothing_is_known_of_another_number(given: Given) -> None:
    problem(get(f"/v1/receipts/status/{uuid4()}"), 404, "receipt-unknown")
