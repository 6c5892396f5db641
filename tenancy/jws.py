"""JSON Web Signatures (RFC 7515) by the signing keys, and the set of public keys with which anyone can check them.

The algorithm is `Ed25519` (RFC 9864). The private key stays behind `tenancy.signing`: only bytes go there to be signed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import json_b64encode, urlsafe_b64encode

from tenancy import signing
from tenancy.errors import SignatureError

ALGORITHM = "Ed25519"


def write(claims: Mapping[str, Any], *, kind: str) -> str:
    """A compact JWS over `claims`; `kind` goes into its header as `typ`, so that no kind passes for another."""
    key_id = signing.current_key_id()
    payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
    signed = _header(key_id, kind=kind) + b"." + urlsafe_b64encode(payload)
    return (signed + b"." + urlsafe_b64encode(signing.sign_by(key_id, signed))).decode()


def read(token: str, *, kind: str) -> dict[str, Any]:
    """The claims of a JWS of that kind that we signed; raises `SignatureError` for anything else.

    The header has to be, byte by byte, one that `write` makes with one of our keys: nothing in it is taken on trust.
    """
    written = token.encode(errors="replace")
    header, _, _ = written.partition(b".")
    for key_id, public_key in signing.public_keys().items():
        if header == _header(key_id, kind=kind):
            return _verified(written, public_key)
    raise SignatureError(f"This is no {kind} that was signed here.")


def key_set() -> dict[str, list[dict[str, str]]]:
    """Our public keys as a JWK Set (RFC 7517, RFC 8037)."""
    return {"keys": [_as_jwk(key_id, raw) for key_id, raw in signing.public_keys().items()]}


def _header(key_id: str, *, kind: str) -> bytes:
    return json_b64encode({"alg": ALGORITHM, "kid": key_id, "typ": kind})


def _verified(token: bytes, public_key: bytes) -> dict[str, Any]:
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(public_key).decode()})
    try:
        payload = jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload
    except (JoseError, ValueError) as error:
        raise SignatureError("The signature is not ours, or what it stands under was changed.") from error
    claims = json.loads(payload)
    if not isinstance(claims, dict):
        raise SignatureError("What was signed holds no claims.")
    return claims


def _as_jwk(key_id: str, raw: bytes) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": key_id, "x": urlsafe_b64encode(raw).decode()}
