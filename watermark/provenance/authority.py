"""Our own certificate authority for a first start, and the request by which a public one takes its place.

Profiles: C2PA Certificate Policy 0.2 (root, claim-signing leaf of assurance level 1). What only a listed authority can
add to a leaf (its policy, OCSP address, assurance level and products-list record), ours does not claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from tenancy import authority as issuing
from tenancy.authority import DOCUMENT_SIGNING, Profile
from watermark.provenance.errors import ProvenanceError

CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
PRODUCTS_LIST_RECORD = ObjectIdentifier("1.3.6.1.4.1.62558.4")
UUID_CHARACTERS = 36
UTF8_STRING = 0x0C
PROFILE = Profile(
    purposes=(CLAIM_SIGNING, DOCUMENT_SIGNING),
    root_days=20 * 365,
    leaf_days=10 * 365,
    digest=SHA384(),
    clocks_apart=timedelta(0),
)
"""A leaf's key is destroyed much earlier; the certificate lasts, so that what it signed can still be checked."""


@dataclass(frozen=True)
class Holder:
    """In whose name is signed: country (ISO 3166, two letters), organisation, and the name of the product."""

    country: str
    organisation: str
    product: str = "Vivavoce"

    def as_name(self, *, role: str = "") -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, self.country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{self.product} {role}".strip()),
            ]
        )


def new_root(key: ec.EllipticCurvePrivateKey, *, holder: Holder, at: datetime) -> x509.Certificate:
    """A self-signed root over `key` (P-384), told from others by the beginning of its serial number."""
    serial = x509.random_serial_number()
    name = holder.as_name(role=f"root {serial:040x}"[: len("root ") + 8])
    return issuing.new_root(key, name=name, serial=serial, profile=PROFILE, at=at)


def new_leaf(
    public: ec.EllipticCurvePublicKey,
    *,
    holder: Holder,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    at: datetime,
) -> x509.Certificate:
    """A certificate for signing claims with the key (P-256) whose public half is given."""
    name = holder.as_name(role="claim signing")
    return issuing.new_leaf(public, name=name, root=root, root_key=root_key, profile=PROFILE, at=at)


def signing_request(
    key: ec.EllipticCurvePrivateKey, *, holder: Holder, record: str | None = None
) -> x509.CertificateSigningRequest:
    """A PKCS #10 request for a claim-signing leaf; `record` is the UUID in the C2PA Conforming Products List."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(holder.as_name())
    for extension, critical in PROFILE.leaf_extensions():
        builder = builder.add_extension(extension, critical=critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if record is not None:
        if len(record) != UUID_CHARACTERS:
            raise ProvenanceError("The record in the products list is a UUID of 36 characters.")
        text = bytes([UTF8_STRING, UUID_CHARACTERS]) + record.encode("ascii")
        builder = builder.add_extension(x509.UnrecognizedExtension(PRODUCTS_LIST_RECORD, text), critical=False)
    return builder.sign(key, SHA256())


def check_leaf(leaf: x509.Certificate, *, public: ec.EllipticCurvePublicKey, at: datetime) -> None:
    """Raises `ProvenanceError`, saying what is wrong, unless this certificate lets that key sign claims now."""
    if leaf.public_key() != public:
        raise ProvenanceError("This certificate is not for the key that was requested with.")
    if not leaf.not_valid_before_utc <= at < leaf.not_valid_after_utc:
        raise ProvenanceError("This certificate is not valid at this time.")
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
        leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound as error:
        raise ProvenanceError(f"This certificate cannot sign claims: {error}.") from error
    if constraints.ca or not usage.digital_signature:
        raise ProvenanceError("This certificate is not one for digital signatures.")
    if not {CLAIM_SIGNING, DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION} & set(purposes):
        raise ProvenanceError("This certificate is for none of the purposes that C2PA accepts.")
    if not leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME):
        raise ProvenanceError("This certificate names no organisation, which C2PA requires.")


def ordered_chain(pem: bytes, *, anchors: bytes = b"") -> tuple[list[x509.Certificate], x509.Certificate]:
    """The chain from the first certificate up, and the self-signed root that it ends in, which is in `anchors` or here.

    Raises:
        ProvenanceError: these are no certificates, or no unbroken chain leads from the first one to a root.
    """
    try:
        given = x509.load_pem_x509_certificates(pem)
        others = given[1:] + (x509.load_pem_x509_certificates(anchors) if anchors.strip() else [])
    except ValueError as error:
        raise ProvenanceError("These are not certificates in PEM.") from error
    chain = [given[0]]
    while not _issued(chain[-1], chain[-1]):
        issuer = next((other for other in others if other not in chain and _issued(chain[-1], other)), None)
        if issuer is None:
            raise ProvenanceError("The chain is broken: add the certificates up to the root.")
        chain.append(issuer)
    if len(chain) == 1:
        raise ProvenanceError("A self-signed certificate does not sign claims: C2PA wants one that was issued.")
    return chain[:-1], chain[-1]


def as_pem(*certificates: x509.Certificate) -> str:
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def now() -> datetime:
    return datetime.now(tz=UTC).replace(microsecond=0)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
