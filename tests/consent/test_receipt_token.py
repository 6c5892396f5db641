from __future__ import annotations

import base64
import copy
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws as jose
from joserfc.jwk import OKPKey

from consent import receipt_token, receipts
from consent.errors import ConsentError, ReceiptError
from consent.receipt_token import present, verify_presentation
from consent.scope import Purpose
from consent.sd_jwt import to_base64url
from tenancy import jws, signing
from tests.consent.bodies import BODY

SECRETS = (
    "Amara Okafor",
    "Audiobooks for children",
    "500 euros",
    "Soundwell Ltd",
    "narration",
    "I agree that Northwind",
)


@pytest.fixture(scope="module")
def token() -> str:
    return receipt_token.issue(BODY)


def plain(token: str) -> str:
    """Everything that a reader finds in a token without any key: the header, the claims, the disclosures."""
    jwt, *parts = token.split("~")
    blobs = [*jwt.split(".")[:2], *[part for part in parts if part]]
    return "".join(base64.urlsafe_b64decode(blob + "==").decode() for blob in blobs)


def test_the_whole_receipt_says_everything_that_was_agreed(token: str) -> None:
    claims = verify_presentation(token).claims
    for name in ("intended_use", "compensation", "recipients", "languages_spoken", "pii_principal", "pii_controller"):
        assert claims[name] == BODY[name]
    assert sorted(purpose["purpose"] for purpose in claims["purposes"]) == ["games", "narration"]
    assert claims["consent"] == BODY["consent"]
    assert claims["notice"] == {"version": "en-1", "sha256": BODY["notice"]["sha256"]}


def test_what_everybody_sees_names_nobody_but_the_organisation(token: str) -> None:
    shown = verify_presentation(present(token, disclose=[]))
    assert shown.claims["pii_principal"] == {}
    assert shown.claims["purposes"] == []
    assert shown.claims["pii_controller"]["name"] == "Northwind"
    assert set(shown.claims["consent"]) == {"type", "given_at", "valid_until"}
    visible = plain(present(token, disclose=[]))
    assert [secret for secret in SECRETS if secret in visible] == []
    assert BODY["notice"]["sha256"] not in visible


@pytest.mark.parametrize("path", receipt_token.disclosable(receipt_token.issue(BODY)))
def test_each_claim_can_be_shown_without_any_other(token: str, path: str) -> None:
    presentation = present(token, disclose=[path])
    assert presentation.count("~") == 2
    assert receipt_token.disclosable(presentation) == [path]


def test_one_purpose_is_shown_and_the_others_do_not_even_show_how_many_they_are(token: str) -> None:
    shown = verify_presentation(present(token, disclose=["purposes.narration", "pii_principal.name"]))
    assert [purpose["purpose"] for purpose in shown.claims["purposes"]] == ["narration"]
    assert shown.claims["pii_principal"] == {"name": "Amara Okafor"}
    payload = json.loads(jose.extract_compact(shown.jwt.encode()).payload)
    assert len(payload["purposes"]) == len(Purpose)
    assert payload["purposes"] == sorted(payload["purposes"], key=lambda item: item["..."])


def test_a_claim_that_is_new_in_receipts_is_hidden_until_somebody_decides_otherwise() -> None:
    token = receipt_token.issue({**BODY, "shoe_size": 44})
    assert "shoe_size" not in plain(present(token, disclose=[]))
    assert verify_presentation(token).claims["shoe_size"] == 44


def test_what_was_not_shown_cannot_be_shown_again(token: str) -> None:
    presentation = present(token, disclose=["intended_use"])
    with pytest.raises(ConsentError, match="cannot show compensation"):
        present(presentation, disclose=["compensation"])


def test_a_claim_of_another_receipt_cannot_be_put_into_this_one(token: str) -> None:
    other = receipt_token.issue({**BODY, "intended_use": "Anything at all"})
    theirs = present(other, disclose=["intended_use"]).split("~")[1]
    with pytest.raises(ReceiptError):
        verify_presentation(present(token, disclose=[]) + theirs + "~")


def test_every_single_letter_matters(token: str) -> None:
    """Each character of the whole token in turn is exchanged for another that may stand there."""
    letters = itertools.cycle("ABCDwxyz0189-_.~")
    for at, letter in enumerate(token):
        other = next(one for one in letters if one != letter)
        with pytest.raises(ReceiptError):
            verify_presentation(token[:at] + other + token[at + 1 :])


def test_nothing_can_be_cut_off_but_whole_disclosures(token: str) -> None:
    ends = {at + 1 for at, letter in enumerate(token) if letter == "~"}
    accepted = set()
    for length in range(len(token) + 1):
        try:
            verify_presentation(token[:length])
        except ReceiptError:
            continue
        accepted.add(length)
    assert accepted == ends


def test_the_last_letter_of_the_signature_has_no_second_spelling(token: str) -> None:
    jwt, _, rest = token.partition("~")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = []
    for letter in alphabet:
        try:
            verify_presentation(f"{jwt[:-1]}{letter}~{rest}")
        except ReceiptError:
            continue
        accepted.append(letter)
    assert accepted == [jwt[-1]]


def forged(header: dict[str, Any], key: OKPKey, payload: str) -> str:
    return jose.serialize_compact(header, payload, key, algorithms=["Ed25519"]) + "~"


def test_another_key_signs_in_vain_even_under_the_name_of_ours(token: str) -> None:
    key, payload = OKPKey.generate_key("Ed25519"), json.dumps({"receipt_id": BODY["receipt_id"]})
    header = {"alg": "Ed25519", "kid": signing.current_key_id(), "typ": receipt_token.KIND}
    with pytest.raises(ReceiptError, match="did not sign"):
        verify_presentation(forged(header, key, payload))
    with pytest.raises(ReceiptError, match="did not sign"):
        verify_presentation(forged({**header, "kid": "ed25519:another"}, key, payload))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_no_other_way_of_signing_is_accepted(token: str, algorithm: str) -> None:
    header = {"alg": algorithm, "kid": signing.current_key_id(), "typ": receipt_token.KIND}
    parts = [to_base64url(json.dumps(header).encode()), *token.split("~", maxsplit=1)[0].split(".")[1:]]
    with pytest.raises(ReceiptError):
        verify_presentation(".".join(parts) + "~")


def test_something_else_that_we_signed_is_no_receipt() -> None:
    with pytest.raises(ReceiptError, match="did not sign this as a receipt"):
        verify_presentation(jws.write({"receipt_id": BODY["receipt_id"]}, kind="JWT") + "~")
    with pytest.raises(ReceiptError, match="not a receipt"):
        verify_presentation(jws.write({"receipt_id": "twelve"}, kind=receipt_token.KIND) + "~")


def test_a_key_binding_token_proves_nothing_here(token: str) -> None:
    with pytest.raises(ReceiptError, match="ends with"):
        verify_presentation(token + jws.write({"nonce": "1"}, kind="kb+jwt"))


@pytest.mark.parametrize("junk", ["", "~", "..~", "a.b.c~", "a" * 200_000, "ä~", "~" * 300, "\x00.\x00.\x00~"])
def test_junk_is_answered_like_anything_that_is_not_ours(junk: str) -> None:
    with pytest.raises(ReceiptError):
        verify_presentation(junk)


def test_any_reader_of_tokens_can_check_the_signature_with_the_public_key(token: str) -> None:
    key_id = signing.current_key_id()
    x = to_base64url(signing.public_key(key_id))
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
    found = jose.deserialize_compact(token.split("~", maxsplit=1)[0], key, algorithms=["Ed25519"])
    assert found.headers() == {"alg": "Ed25519", "kid": key_id, "typ": "consent-receipt+sd-jwt"}


def test_it_names_its_issuer_its_end_and_where_to_ask_whether_it_still_stands(token: str, settings: Any) -> None:
    claims = verify_presentation(present(token, disclose=[])).claims
    assert claims["iss"] == settings.PUBLIC_URL
    assert claims["exp"] > claims["iat"]
    assert claims["status"] == {"uri": f"{settings.PUBLIC_URL}/v1/receipts/status/{BODY['receipt_id']}"}


@pytest.fixture
def another_keyring(settings: Any, tmp_path: Path) -> None:
    settings.KEYRING_FILE = tmp_path / "keyring.json"


def test_a_receipt_of_another_installation_is_not_ours(token: str, another_keyring: None) -> None:
    with pytest.raises(ReceiptError, match="did not sign"):
        verify_presentation(token)


def test_issuing_leaves_the_body_as_it_is() -> None:
    body = copy.deepcopy(BODY)
    receipt_token.issue(body)
    assert (body, receipts.SCHEMA_VERSION) == (BODY, BODY["schema_version"])
