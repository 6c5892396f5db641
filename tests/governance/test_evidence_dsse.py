from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from governance.evidence.dsse import pae, seal
from governance.evidence.standalone import verify
from tenancy import signing

KIND = "http://example.com/HelloWorld"
# The vector of the specification (secure-systems-lab/dsse, protocol.md 1.0.0, "Test Vectors").
SPECIFIED = (
    '{"payload":"aGVsbG8gd29ybGQ=","payloadType":"http://example.com/HelloWorld","signatures":[{"sig":'
    '"A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}'
)
X = 46950820868899156662930047687818585632848591499744589407958293238635476079160
Y = 5640078356564379163099075877009565129882514886557779369047442380624545832820


@pytest.mark.parametrize("encode", [pae, verify.pae])
def test_the_bytes_under_a_signature_are_those_of_the_specification(encode: Callable[[str, bytes], bytes]) -> None:
    assert encode(KIND, b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert encode("ö", b"") == b"DSSEv1 2 \xc3\xb6 0 "  # lengths are of bytes, not of letters


def test_the_specifications_envelope_verifies_over_our_encoding_and_over_no_other() -> None:
    envelope = json.loads(SPECIFIED)
    raw = base64.b64decode(envelope["signatures"][0]["sig"])
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = EllipticCurvePublicNumbers(X, Y, SECP256R1()).public_key()
    body = base64.b64decode(envelope["payload"])
    key.verify(signature, pae(envelope["payloadType"], body), ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(signature, pae(KIND.upper(), body), ECDSA(SHA256()))


def test_an_envelope_has_the_specified_members_and_says_nothing_about_keys() -> None:
    envelope = seal(b"hello world", payload_type=KIND, key_id=signing.current_key_id())
    said = json.loads(envelope)
    assert (said["payload"], said["payloadType"]) == ("aGVsbG8gd29ybGQ=", KIND)
    assert [list(signature) for signature in said["signatures"]] == [["sig"]]


def ours() -> bytes:
    return signing.public_key(signing.current_key_id())


def opened(envelope: bytes, *, kind: str = KIND, keys: tuple[bytes, ...] = ()) -> bytes:
    return verify.opened(envelope, kind=kind, keys=keys or (ours(),), what="It")[0]


def sealed(body: bytes = b"hello world") -> bytes:
    return seal(body, payload_type=KIND, key_id=signing.current_key_id())


def test_what_was_signed_comes_out_byte_by_byte_whatever_it_holds() -> None:
    body = b"\x00\xff not { JSON \r\n"
    assert opened(sealed(body)) == body
    assert opened(sealed(body), keys=(hashlib.sha256(b"x").digest(), ours())) == body


def test_another_key_another_kind_and_another_body_do_not_verify() -> None:
    other = json.loads(sealed(b"hello mars"))
    swapped = json.loads(sealed()) | {"signatures": other["signatures"]}
    for envelope, kind, keys in (
        (sealed(), KIND, (hashlib.sha256(b"another").digest(),)),
        (sealed(), "application/json", (ours(),)),
        (verify.canonical(swapped).encode(), KIND, (ours(),)),
    ):
        with pytest.raises(verify.VerificationError):
            opened(envelope, kind=kind, keys=keys)


def test_an_envelope_has_one_form_and_one_signature_only() -> None:
    said = json.loads(sealed())
    (signature,) = said["signatures"]
    bad = [
        json.dumps(said).encode(),  # spaces
        verify.canonical({**said, "signatures": [{**signature, "keyid": "root"}]}).encode(),
        verify.canonical({**said, "signatures": [signature, signature]}).encode(),
        verify.canonical({**said, "signatures": []}).encode(),
        verify.canonical({**said, "extra": 1}).encode(),
        sealed().replace(b'"payload":', b'"payload":"","payload":', 1),
        sealed()[:-1],
        b"",
    ]
    for envelope in bad:
        with pytest.raises(verify.VerificationError):
            opened(envelope)
