from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from governance.evidence.certificates import PROFILE as EVIDENCE
from tenancy.authority import DOCUMENT_SIGNING, Profile, key_usage, new_leaf, new_root
from watermark.provenance.authority import PROFILE as PROVENANCE

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHORT = Profile((DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION), 30, 90, SHA384(), timedelta(minutes=1))


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issued(profile: Profile, *, later: timedelta = timedelta(0)) -> tuple[x509.Certificate, x509.Certificate]:
    root_key = generate_private_key(SECP384R1())
    root = new_root(root_key, name=named("root"), serial=77, profile=profile, at=AT)
    public = generate_private_key(SECP256R1()).public_key()
    leaf = new_leaf(public, name=named("leaf"), root=root, root_key=root_key, profile=profile, at=AT + later)
    return root, leaf


@pytest.mark.parametrize("profile", [SHORT, EVIDENCE, PROVENANCE])
def test_a_root_issues_to_leaves_alone_and_they_only_sign(profile: Profile) -> None:
    root, leaf = issued(profile)
    root.verify_directly_issued_by(root)
    leaf.verify_directly_issued_by(root)
    for certificate, ca in ((root, True), (leaf, False)):
        for kind, value in (
            (x509.BasicConstraints, x509.BasicConstraints(ca=ca, path_length=0 if ca else None)),
            (x509.KeyUsage, key_usage(issues=ca)),
        ):
            found = certificate.extensions.get_extension_for_class(kind)
            assert (found.value, found.critical) == (value, True)
        assert isinstance(certificate.signature_hash_algorithm, type(profile.digest))
    assert tuple(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == profile.purposes
    own = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == own


def test_times_are_those_of_the_profile() -> None:
    root, leaf = issued(EVIDENCE)
    assert root.not_valid_before_utc == leaf.not_valid_before_utc == AT - timedelta(minutes=5)
    assert (root.not_valid_after_utc - AT, leaf.not_valid_after_utc - AT) == (
        timedelta(days=20 * 365),
        timedelta(days=5 * 365),
    )
    assert issued(PROVENANCE)[0].not_valid_before_utc == AT


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=29)])
def test_a_leaf_never_outlives_its_root(later: timedelta) -> None:
    root, leaf = issued(SHORT, later=later)
    assert leaf.not_valid_after_utc == root.not_valid_after_utc == AT + timedelta(days=30)


def test_serial_numbers_are_given_to_roots_and_drawn_for_leaves() -> None:
    (root, first), (_, second) = issued(SHORT), issued(SHORT)
    assert root.serial_number == 77
    assert first.serial_number != second.serial_number


def test_leaves_may_have_keys_that_are_no_elliptic_curves_of_nist() -> None:
    root_key = generate_private_key(SECP256R1())
    root = new_root(root_key, name=named("root"), serial=1, profile=EVIDENCE, at=AT)
    public = Ed25519PrivateKey.generate().public_key()
    leaf = new_leaf(public, name=named("leaf"), root=root, root_key=root_key, profile=EVIDENCE, at=AT)
    assert isinstance(EVIDENCE.digest, SHA256)
    assert leaf.public_key() == public
