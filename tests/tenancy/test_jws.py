from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as effort
from joserfc import jws as anyones
from joserfc.jwk import KeySet, OKPKey
from pytest_django import Settings

from tenancy import jws, signing
from tenancy.errors import SignatureError
from tenancy.keyring_file import read_or_create

KIND = "test+jwt"
CLAIMS = {"sub": "Amara", "exp": 7, "note": "Grüße"}


@pytest.fixture(autouse=True)
def own_keyring(settings: Settings, tmp_path: Path) -> None:
    settings.KEYRING_FILE = tmp_path / "keyring.json"


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_was_written_is_read_back() -> None:
    assert jws.read(jws.write(CLAIMS, kind=KIND), kind=KIND) == CLAIMS


def test_anyone_can_check_it_with_the_key_set_alone() -> None:
    keys = KeySet.import_key_set(jws.key_set())  # type: ignore[arg-type]  # a plain dict, as it comes over HTTP
    found = anyones.deserialize_compact(jws.write(CLAIMS, kind=KIND), keys, algorithms=["Ed25519"])
    assert found.headers() == {"alg": "Ed25519", "kid": signing.current_key_id(), "typ": KIND}
    assert json.loads(found.payload or b"") == CLAIMS


def test_the_key_set_holds_every_public_key_and_no_secret() -> None:
    (key,) = jws.key_set()["keys"]
    secret = read_or_create(signing.settings.KEYRING_FILE).signing[0].secret
    assert key.keys() == {"kty", "crv", "use", "kid", "x"}
    assert (key["kty"], key["crv"], key["kid"]) == ("OKP", "Ed25519", signing.current_key_id())
    raw = base64.urlsafe_b64decode(key["x"] + "=")
    assert raw == signing.public_key(key["kid"])
    assert raw != secret


def test_one_kind_does_not_pass_for_another() -> None:
    with pytest.raises(SignatureError):
        jws.read(jws.write(CLAIMS, kind="receipt+jwt"), kind=KIND)


def test_another_installations_is_not_ours(settings: Settings, tmp_path: Path) -> None:
    ours = jws.write(CLAIMS, kind=KIND)
    settings.KEYRING_FILE = tmp_path / "another.json"
    with pytest.raises(SignatureError):
        jws.read(ours, kind=KIND)


def test_what_a_former_key_signed_still_reads(settings: Settings) -> None:
    written = jws.write(CLAIMS, kind=KIND)
    content = json.loads(settings.KEYRING_FILE.read_text())
    fresh = {"key_id": "ed25519:fresh", "secret": base64.b64encode(bytes(range(32))).decode()}
    settings.KEYRING_FILE.write_text(json.dumps({**content, "signing": [*content["signing"], fresh]}))
    assert signing.current_key_id() == "ed25519:fresh"
    assert [key["kid"] for key in jws.key_set()["keys"]] == [content["signing"][0]["key_id"], "ed25519:fresh"]
    assert jws.read(written, kind=KIND) == jws.read(jws.write(CLAIMS, kind=KIND), kind=KIND) == CLAIMS


def forged_headers() -> list[dict[str, object]]:
    key = OKPKey.generate_key("Ed25519")
    kid = "ed25519:forged"
    return [
        {"alg": "none", "typ": KIND},
        {"alg": "Ed25519", "kid": kid, "typ": KIND},
        {"alg": "Ed25519", "typ": KIND, "jwk": key.as_dict(private=False)},
        {"alg": ["Ed25519"], "kid": {}, "typ": KIND},
    ]


@pytest.mark.parametrize("header", forged_headers(), ids=["none", "unknown-kid", "key-inside", "no-strings"])
def test_a_header_that_we_did_not_write_is_refused(header: dict[str, object]) -> None:
    _, payload, signature = jws.write(CLAIMS, kind=KIND).split(".")
    for ending in (signature, ""):
        with pytest.raises(SignatureError):
            jws.read(f"{encoded(header)}.{payload}.{ending}", kind=KIND)


def test_our_header_over_anothers_signature_is_refused() -> None:
    header, _, _ = jws.write(CLAIMS, kind=KIND).split(".")
    theirs = OKPKey.generate_key("Ed25519", {"kid": "theirs"})
    forged = anyones.serialize_compact({"alg": "Ed25519"}, json.dumps(CLAIMS), theirs, algorithms=["Ed25519"])
    with pytest.raises(SignatureError):
        jws.read(".".join([header, *forged.split(".")[1:]]), kind=KIND)


def test_a_receipts_signature_does_not_make_a_token() -> None:
    """The same key signs plain JSON elsewhere: its bytes never begin as a JWS does."""
    header, payload, _ = jws.write(CLAIMS, kind=KIND).split(".")
    _, signature = signing.sign(json.dumps(CLAIMS).encode())
    with pytest.raises(SignatureError):
        jws.read(f"{header}.{payload}.{signature}", kind=KIND)


@effort(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=strategies.integers(0, 10_000), other=strategies.characters(codec="utf-8"))
def test_no_character_of_what_is_signed_can_be_another(place: int, other: str) -> None:
    written = jws.write(CLAIMS, kind=KIND)
    place %= written.rindex(".")
    if written[place] != other:
        with pytest.raises(SignatureError):
            jws.read(written[:place] + other + written[place + 1 :], kind=KIND)


@effort(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rest=strategies.one_of(strategies.text(), strategies.lists(strategies.text(), max_size=4).map(".".join)))
def test_whatever_follows_our_header_is_read_or_refused_and_never_breaks(rest: str) -> None:
    header, _, _ = jws.write(CLAIMS, kind=KIND).split(".")
    for offered in (rest, f"{header}{rest}", f"{header}.{rest}"):
        with pytest.raises(SignatureError):
            jws.read(offered, kind=KIND)
