"""Authorities and signers that are not ours, for the tests of trust."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from synth_adapter.forms import MEDIA_TYPES, Form
from watermark.provenance import authority, trust
from watermark.provenance.authority import Holder
from watermark.provenance.claim import Claim
from watermark.provenance.manifest import definition

STRANGER = Holder(country="NL", organisation="Somebody else")


@dataclass(frozen=True)
class Foreign:
    """A key with a certificate under a root of its own."""

    key: ec.EllipticCurvePrivateKey
    leaf: x509.Certificate
    root: x509.Certificate

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def put(self, audio: bytes, *, form: Form, claim: Claim, within: bool = False) -> bytes:
        """The file with this signer's manifest; `within` keeps the one it has as an ingredient."""
        said = definition(claim, form=form)
        if within:
            said["assertions"] = []  # what opens it, the library adds
        with_trust: dict[str, Any] = trust.reader_settings(authority.as_pem(self.root))
        with_trust["verify"]["verify_after_sign"] = False
        builder = c2pa.Builder(json.dumps(said), c2pa.Context(c2pa.Settings.from_dict(with_trust)))
        if within:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            builder.add_ingredient(
                json.dumps({"title": "before", "relationship": "parentOf"}), MEDIA_TYPES[form], BytesIO(audio)
            )
        pem, out = authority.as_pem(self.leaf), BytesIO()
        with c2pa.Signer.from_callback(self.sign, c2pa.C2paSigningAlg.ES256, pem, None) as signer:
            builder.sign(signer, MEDIA_TYPES[form], BytesIO(audio), out)
        return out.getvalue()


def foreign(*, holder: Holder = STRANGER, ends: datetime | None = None, serial: int | None = None) -> Foreign:
    """A stranger's authority and leaf; `ends` is when the leaf expires, `serial` forges somebody's serial number."""
    made_at = authority.now()
    root_key, key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    root = authority.new_root(root_key, holder=holder, at=made_at)
    leaf = authority.new_leaf(key.public_key(), holder=holder, root=root, root_key=root_key, at=made_at)
    if serial is not None or ends is not None:
        leaf = _changed(leaf, root_key, serial=serial or leaf.serial_number, ends=ends or leaf.not_valid_after_utc)
    return Foreign(key, leaf, root)


def _changed(
    leaf: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, *, serial: int, ends: datetime
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(leaf.subject)
        .issuer_name(leaf.issuer)
        .public_key(leaf.public_key())
        .serial_number(serial)
        .not_valid_before(leaf.not_valid_before_utc)
        .not_valid_after(ends)
    )
    for extension in leaf.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(root_key, SHA384())
