"""DSSE envelopes (https://github.com/secure-systems-lab/dsse, protocol.md 1.0.0) by the platform's signing key.

They are read by `standalone.verify` alone, which knows nothing of this and never looks at the name of a key.
"""

from __future__ import annotations

import base64
import json

from tenancy import signing


def pae(payload_type: str, body: bytes) -> bytes:
    """The bytes that are signed: the Pre-Authentication Encoding of a type and a body, whatever bytes they hold."""
    name = payload_type.encode()
    return b" ".join((b"DSSEv1", str(len(name)).encode(), name, str(len(body)).encode(), body))


def seal(body: bytes, *, payload_type: str, key_id: str) -> bytes:
    """The envelope in the one form that its content has (RFC 8785), so that no byte of it can change unseen.

    Args:
        body: what is signed, as it is.
        payload_type: how to read it: a media type or a URI.
        key_id: which of the platform's keys signs; the envelope leaves it out, since nobody may rely on it.

    Raises:
        KeyringError: there is no such key.
    """
    signature = signing.sign_by(key_id, pae(payload_type, body))
    envelope = {"payload": _base64(body), "payloadType": payload_type, "signatures": [{"sig": _base64(signature)}]}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
