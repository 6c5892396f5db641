"""The certificates under evidence, in files that are made on first use; an operator may put their own there before.

The folder `EVIDENCE_CERTIFICATES` holds `root.pem` and `report.pem` (a private key, then its certificates up to the
root) and one `statement-….pem` for each of the platform's signing keys (certificates alone).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.utils import timezone

from governance.embedded.files import write_private_once
from governance.evidence.errors import CertificateError
from tenancy import authority, signing

Chain = tuple[x509.Certificate, ...]

PROFILE = authority.Profile(
    purposes=(authority.DOCUMENT_SIGNING,),
    root_days=20 * 365,
    leaf_days=5 * 365,
    digest=SHA256(),
    clocks_apart=timedelta(minutes=5),
)
MOST_LETTERS = 64
"""Of a name in a certificate (RFC 5280, appendix A.1)."""


@dataclass(frozen=True, repr=False)
class Credentials:
    """A private key (EC or RSA), and its certificates: its own first, the root last."""

    key: EllipticCurvePrivateKey | RSAPrivateKey
    chain: Chain


def for_reports() -> Credentials:
    """What signs the PDF reports; raises `CertificateError` when it has run out or cannot be read."""
    credentials = _credentials("report.pem", _make_report)
    _require_valid(credentials.chain)
    return credentials


def for_statements(key_id: str) -> Chain:
    """The certificates of the platform's signing key of that name; raises `CertificateError` as `for_reports`."""
    name = f"statement-{hashlib.sha256(key_id.encode()).hexdigest()[:16]}.pem"
    chain = _chain(_read(name, lambda: as_pem(_issue(f"Vivavoce statements {key_id}", _public(key_id)))), name)
    held = chain[0].public_key()
    if not isinstance(held, Ed25519PublicKey) or held.public_bytes_raw() != signing.public_key(key_id):
        raise CertificateError(f"{name} is the certificate of another key than {key_id}.")
    _require_valid(chain)
    return chain


def as_pem(chain: Chain) -> bytes:
    """The certificates one after the other (RFC 7468)."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)


def _make_root() -> bytes:
    key, serial = _fresh_key(), x509.random_serial_number()
    name = _name("Vivavoce evidence root")
    return _key_pem(key) + as_pem(
        (authority.new_root(key, name=name, serial=serial, profile=PROFILE, at=timezone.now()),)
    )


def _make_report() -> bytes:
    key = _fresh_key()
    return _key_pem(key) + as_pem(_issue("Vivavoce forensic reports", key.public_key()))


def _issue(common_name: str, public: CertificatePublicKeyTypes) -> Chain:
    root = _credentials("root.pem", _make_root)
    _require_valid(root.chain)
    issued = authority.new_leaf(
        public,
        name=_name(common_name),
        root=root.chain[0],
        root_key=root.key,
        profile=PROFILE,
        at=timezone.now(),
    )
    return (issued, *root.chain)


def _fresh_key() -> EllipticCurvePrivateKey:
    """A private key on P-256, which every reader of PDF signatures knows."""
    return generate_private_key(SECP256R1())


def _name(common_name: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, settings.LOG_ORIGIN), (NameOID.COMMON_NAME, common_name))
    return x509.Name([x509.NameAttribute(oid, text[:MOST_LETTERS]) for oid, text in parts])


def _public(key_id: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(signing.public_key(key_id))


def _require_valid(chain: Chain) -> None:
    now = timezone.now()
    for certificate in chain:
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise CertificateError(
                f"The certificate of {certificate.subject.rfc4514_string()} was good until "
                f"{certificate.not_valid_after_utc:%Y-%m-%d}. Move its file out of EVIDENCE_CERTIFICATES to have a new "
                "one made, or put your own in its place."
            )


def _credentials(name: str, make: Callable[[], bytes]) -> Credentials:
    raw = _read(name, make)
    try:
        key = load_pem_private_key(raw, password=None)
    except (ValueError, TypeError) as error:
        raise CertificateError(f"{name} does not begin with a private key in PEM, without a password.") from error
    chain = _chain(raw, name)
    if not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey) or chain[0].public_key() != key.public_key():
        raise CertificateError(f"{name} needs an EC or RSA key, followed by the certificate of that very key.")
    return Credentials(key, chain)


def _chain(raw: bytes, name: str) -> Chain:
    try:
        return tuple(x509.load_pem_x509_certificates(raw))
    except ValueError as error:
        raise CertificateError(f"{name} holds no certificates in PEM.") from error


def _read(name: str, make: Callable[[], bytes]) -> bytes:
    """The file, made on first use; whoever comes second reads what the first one made."""
    path = settings.EVIDENCE_CERTIFICATES / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private_once(path, make().decode())
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        raise CertificateError(f"{path} must belong to the user who runs Vivavoce, and be closed to others: chmod 600.")
    return path.read_bytes()


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
