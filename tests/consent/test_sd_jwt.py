from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from consent import sd_jwt
from consent.errors import ReceiptError
from consent.sd_jwt import to_base64url
from tests.consent.rfc9901 import CLAIMS, DIGESTS, DISCLOSURES, ISSUER, JWT


@pytest.fixture(scope="module")
def payload() -> dict[str, Any]:
    """The example's payload, under the RFC's own ES256 signature."""
    found = jws.deserialize_compact(JWT, ECKey.import_key(ISSUER), algorithms=["ES256"])
    body: dict[str, Any] = json.loads(found.payload)
    return body


def encoded(*parts: Any) -> str:
    return to_base64url(json.dumps(parts).encode())


def under(*disclosures: str) -> dict[str, Any]:
    return {"_sd": [sd_jwt.digest_of(one) for one in disclosures]}


@pytest.mark.parametrize(("disclosure", "digest"), DIGESTS.items())
def test_the_digests_are_those_of_the_standard(disclosure: str, digest: str) -> None:
    assert sd_jwt.read_disclosure(disclosure).digest == digest


def test_with_every_disclosure_the_standards_example_says_what_its_issuer_said(payload: dict[str, Any]) -> None:
    found = sd_jwt.reveal(payload, DISCLOSURES.values())
    assert {**found.claims, "cnf": None} == {**CLAIMS, "cnf": None}
    assert found.hidden == 0


def test_without_disclosures_the_standards_example_says_only_what_was_never_hidden(payload: dict[str, Any]) -> None:
    found = sd_jwt.reveal(payload, [])
    assert set(found.claims) == {"iss", "iat", "exp", "sub", "nationalities", "cnf"}
    assert found.claims["nationalities"] == []
    assert found.hidden == 10


def test_some_disclosures_show_exactly_themselves(payload: dict[str, Any]) -> None:
    found = sd_jwt.reveal(payload, [DISCLOSURES[name] for name in ("family_name", "address", "US")])
    assert found.claims["nationalities"] == ["US"]
    assert set(found.claims) == {"iss", "iat", "exp", "sub", "nationalities", "cnf", "family_name", "address"}
    assert sorted(path for path, _ in found.paths) == ["address", "family_name", "nationalities[]"]


GIVEN = DISCLOSURES["given_name"]
REFUSED: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "belongs nowhere": ({}, [encoded("salt", "given_name", "Mallory")]),
    "comes twice": ({}, [GIVEN, GIVEN]),
    "digest stands twice": ({"more": {"_sd": [sd_jwt.digest_of(GIVEN)]}}, []),
    "digest stands twice in an array": ({"more": [{"...": sd_jwt.digest_of(GIVEN)}]}, []),
    "name is there already": ({"given_name": "Mallory"}, [GIVEN]),
    "one part": ({}, [encoded("salt")]),
    "four parts": ({}, [encoded("salt", "a", "b", "c")]),
    "salt is no text": ({}, [encoded(1, "a", "b")]),
    "name is no text": ({}, [encoded("salt", 1, "b")]),
    "no array": ({}, [to_base64url(b'{"a":1}')]),
    "no JSON": ({}, [to_base64url(b"nothing")]),
    "no base64url": ({}, ["not base64url!"]),
    "another hash": ({"_sd_alg": "sha-512"}, []),
    "hash named inside": ({"inner": {"_sd_alg": "sha-256"}}, []),
    "digests are no list": ({"inner": {"_sd": "x"}}, []),
    "digest is no text": ({"inner": {"_sd": [1]}}, []),
    "element's digest is no text": ({"inner": [{"...": 1}]}, []),
    "element says more": ({"inner": [{"...": "x", "more": 1}]}, []),
    "nested too deep": (json.loads('{"a":' * 40 + "1" + "}" * 40), []),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_the_standard_refuses_is_refused(payload: dict[str, Any], fault: str) -> None:
    more, disclosures = REFUSED[fault]
    with pytest.raises(ReceiptError):
        sd_jwt.reveal({**copy.deepcopy(payload), **more}, disclosures)


@pytest.mark.parametrize(
    ("place", "disclosure"),
    [
        ("member", encoded("salt", "value without a name")),
        ("element", encoded("salt", "name", "value")),
        ("member", encoded("salt", "_sd", [])),
        ("member", encoded("salt", "...", 1)),
        ("member", encoded("salt", "_sd_alg", "sha-256")),
    ],
)
def test_a_disclosure_of_the_wrong_shape_for_its_place_is_refused(place: str, disclosure: str) -> None:
    digest = sd_jwt.digest_of(disclosure)
    with pytest.raises(ReceiptError):
        sd_jwt.reveal({"_sd": [digest]} if place == "member" else {"list": [{"...": digest}]}, [disclosure])


def test_a_hidden_claim_may_hide_others_which_show_nothing_without_it() -> None:
    inner = sd_jwt.disclose("Main St", name="street")
    outer = sd_jwt.disclose({"_sd": [inner.digest], "town": "Anytown"}, name="address")
    claims = {"_sd": [outer.digest]}
    assert sd_jwt.reveal(claims, [outer.encoded, inner.encoded]).claims == {
        "address": {"street": "Main St", "town": "Anytown"}
    }
    assert sd_jwt.reveal(claims, [outer.encoded]).claims == {"address": {"town": "Anytown"}}
    with pytest.raises(ReceiptError):
        sd_jwt.reveal(claims, [inner.encoded])


def test_the_same_claim_is_never_hidden_under_the_same_digest_twice() -> None:
    assert sd_jwt.disclose("Amara", name="name").digest != sd_jwt.disclose("Amara", name="name").digest


def test_decoys_make_every_array_as_long_as_another() -> None:
    one, _ = sd_jwt.hide_elements(["narration"], among=8)
    all_of_them, _ = sd_jwt.hide_elements([str(number) for number in range(8)], among=8)
    assert (len(one), len({item["..."] for item in one})) == (8, 8)
    assert len(all_of_them) == 8
