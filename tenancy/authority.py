"""Our own small certificate authorities (RFC 5280): one root each, and what it issues to keys that sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""RFC 9336."""


@dataclass(frozen=True)
class Profile:
    """What an authority is for.

    Attributes:
        purposes: What leaves may be used for (extended key usage).
        root_days: For how long a root is valid.
        leaf_days: For how long a leaf is, at most: none outlives its root.
        digest: Of the authority's signatures.
        clocks_apart: How long before it was made a certificate is valid already, for clocks that are slow.
    """

    purposes: tuple[x509.ObjectIdentifier, ...]
    root_days: int
    leaf_days: int
    digest: SHA256 | SHA384
    clocks_apart: timedelta

    def leaf_extensions(self) -> tuple[tuple[x509.ExtensionType, bool], ...]:
        """What makes a leaf, with whether it is critical; for certificates and for requests."""
        return (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (key_usage(issues=False), True),
            (x509.ExtendedKeyUsage(self.purposes), False),
        )


def new_root(
    key: EllipticCurvePrivateKey, *, name: x509.Name, serial: int, profile: Profile, at: datetime
) -> x509.Certificate:
    """A self-signed root over `key`, which issues to leaves alone."""
    ends = at + timedelta(days=profile.root_days)
    return (
        _builder(name, name, key.public_key(), begins=at - profile.clocks_apart, ends=ends)
        .serial_number(serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(issues=True), critical=True)
        .sign(key, profile.digest)
    )


def new_leaf(
    public: CertificatePublicKeyTypes,
    *,
    name: x509.Name,
    root: x509.Certificate,
    root_key: CertificateIssuerPrivateKeyTypes,
    profile: Profile,
    at: datetime,
) -> x509.Certificate:
    """A certificate, issued by the root, for the key whose public half is given."""
    ends = min(at + timedelta(days=profile.leaf_days), root.not_valid_after_utc)
    builder = _builder(name, root.subject, public, begins=at - profile.clocks_apart, ends=ends)
    for extension, critical in profile.leaf_extensions():
        builder = builder.add_extension(extension, critical=critical)
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    builder = builder.serial_number(x509.random_serial_number()).add_extension(issuer, critical=False)
    return builder.sign(root_key, profile.digest)


def key_usage(*, issues: bool) -> x509.KeyUsage:
    """Of an authority that issues, or of a key that signs."""
    return x509.KeyUsage(
        digital_signature=not issues,
        content_commitment=not issues,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: CertificatePublicKeyTypes, *, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
