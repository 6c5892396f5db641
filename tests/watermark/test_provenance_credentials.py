"""The keys of manifests: made once, sealed, renewed, replaced by issued ones; and the requests for those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.x509.oid import NameOID, ObjectIdentifier
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tenancy.authority import DOCUMENT_SIGNING, key_usage
from tenancy.errors import TamperedError
from tenancy.hierarchy import forget_organisations
from tenancy.keyring_file import add_encryption_key, drop_former_encryption_keys
from tenancy.models import Organisation
from tenancy.scope import platform_scope
from tests.watermark.manifests import claim, encoded
from watermark.manifest_models import ProvenanceCredential
from watermark.provenance import authority, credentials
from watermark.provenance.authority import CLAIM_SIGNING
from watermark.provenance.credentials import LocalSigner, ProvenanceKeys
from watermark.provenance.errors import ProvenanceError
from watermark.provenance.reading import read
from watermark.provenance.signing import sign

RECORD = "0192b7a2-6f3c-7e1a-9d2b-3f4a5b6c7d8e"


@pytest.fixture(autouse=True)
def own_keyring(settings: Settings, tmp_path: Path, db: None) -> Iterator[None]:
    settings.KEYRING_FILE = tmp_path / "keyring.json"
    forget_organisations()
    with platform_scope():
        ProvenanceCredential.objects.all().delete()
    yield
    forget_organisations()


@dataclass(frozen=True)
class PublicAuthority:
    """A root and an intermediate that issue what is asked for, as a listed authority would."""

    root_key: ec.EllipticCurvePrivateKey
    root: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    intermediate: x509.Certificate

    @classmethod
    def new(cls) -> PublicAuthority:
        root_key, key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Public authority")])
        below = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Public issuing authority")])
        root = _certificate(name, name, root_key.public_key(), root_key, ca=1)
        return cls(root_key, root, key, _certificate(below, name, key.public_key(), root_key, ca=0))

    def issue(self, request: str, *, days: int = 90, purposes: bool = True) -> x509.Certificate:
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        builder = (
            x509.CertificateBuilder()
            .subject_name(asked.subject)
            .issuer_name(self.intermediate.subject)
            .public_key(asked.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(authority.now() - timedelta(days=1))
            .not_valid_after(authority.now() + timedelta(days=days))
        )
        for extension in asked.extensions:
            if purposes or not isinstance(extension.value, x509.ExtendedKeyUsage):
                builder = builder.add_extension(extension.value, critical=extension.critical)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return builder.add_extension(issuer, critical=False).sign(self.key, SHA384())


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    key: ec.EllipticCurvePrivateKey,
    *,
    ca: int,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(authority.now() - timedelta(days=1))
        .not_valid_after(authority.now() + timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=True, path_length=ca), critical=True)
        .add_extension(key_usage(issues=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, SHA384())
    )


def test_the_first_signature_makes_a_root_and_a_leaf_and_the_next_uses_them() -> None:
    assert LocalSigner().chain == LocalSigner().chain
    with platform_scope():
        kinds = list(ProvenanceCredential.objects.order_by("id").values_list("kind", "standing"))
    assert kinds == [("root", "active"), ("leaf", "active")]


def test_our_leaf_has_what_c2pa_asks_of_one(settings: Settings) -> None:
    settings.PROVENANCE_ORGANISATION, settings.PROVENANCE_COUNTRY = "Northwind Ltd", "NL"
    row = credentials.current()
    leaf, root = (x509.load_pem_x509_certificate(pem.encode()) for pem in (row.chain, row.anchor))
    leaf.verify_directly_issued_by(root)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    identifier = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert leaf.subject.rfc4514_string() == "CN=Vivavoce claim signing,O=Northwind Ltd,C=NL"
    assert (usage.critical, usage.value.digital_signature, usage.value.content_commitment) == (True, True, True)
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        CLAIM_SIGNING,
        DOCUMENT_SIGNING,
    ]
    assert identifier == root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    assert isinstance(root.public_key(), ec.EllipticCurvePublicKey)
    assert (leaf.public_key().curve.name, root.public_key().curve.name) == ("secp256r1", "secp384r1")


@pytest.mark.usefixtures("in_northwind")
def test_no_organisation_sees_the_keys() -> None:
    assert credentials.current().chain
    assert not ProvenanceCredential.objects.exists()


def test_a_wrapped_key_opens_in_its_own_row_alone() -> None:
    row = credentials.current()
    with platform_scope():
        stolen = ProvenanceCredential.objects.get(kind="root").wrapped
        ProvenanceCredential.objects.filter(id=row.id).update(wrapped=stolen)
    with pytest.raises(TamperedError):
        LocalSigner()


def test_after_its_time_a_key_is_destroyed_and_what_it_signed_is_still_ours(settings: Settings) -> None:
    settings.PROVENANCE_KEY_DAYS = 0
    first = credentials.current()
    signed = sign(encoded("wav"), form="wav", claim=claim())
    settings.PROVENANCE_KEY_DAYS = 365
    successor = credentials.current()
    with platform_scope():
        rows = ProvenanceCredential.objects.filter(kind="leaf").order_by("id")
        standing = list(rows.values_list("standing", "wrapped"))
    assert first.id != successor.id
    assert credentials.current().id == successor.id
    assert [(one, wrapped is None) for one, wrapped in standing] == [("retired", True)] * 2 + [("active", False)]
    assert read(signed, form="wav").ours


def test_a_new_key_of_key_management_wraps_the_keys_anew(settings: Settings) -> None:
    signed = sign(encoded("wav"), form="wav", claim=claim())
    add_encryption_key(settings.KEYRING_FILE)
    with platform_scope():
        assert ProvenanceKeys().behind(organisation_id=None) == 2
        assert ProvenanceKeys().rewrap(organisation_id=None) == 2
        assert ProvenanceKeys().behind(organisation_id=None) == 0
    drop_former_encryption_keys(settings.KEYRING_FILE)
    assert read(signed, form="wav").ours
    assert read(sign(encoded("wav"), form="wav", claim=claim()), form="wav").ours


def test_an_organisations_own_rotation_does_not_touch_them(in_northwind: Organisation) -> None:
    assert credentials.current().chain
    assert ProvenanceKeys().behind(organisation_id=in_northwind.id) == 0
    assert ProvenanceKeys().rewrap(organisation_id=in_northwind.id) == 0


def test_a_request_fits_the_profile_of_a_claim_signing_leaf(settings: Settings) -> None:
    settings.PROVENANCE_ORGANISATION, settings.PROVENANCE_COUNTRY = "Northwind Ltd", "NL"
    asked = x509.load_pem_x509_csr(credentials.request(record=RECORD).encode())
    key = asked.public_key()
    assert asked.is_signature_valid
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert (key.curve.name, type(asked.signature_hash_algorithm)) == ("secp256r1", SHA256)
    assert asked.subject.rfc4514_string() == "CN=Vivavoce,O=Northwind Ltd,C=NL"
    usage = asked.extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.digital_signature, usage.value.content_commitment) == (True, True, True)
    assert CLAIM_SIGNING in asked.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    record = asked.extensions.get_extension_for_oid(ObjectIdentifier("1.3.6.1.4.1.62558.4")).value
    assert isinstance(record, x509.UnrecognizedExtension)
    assert record.value == b"\x0c\x24" + RECORD.encode()


def test_a_record_that_is_no_uuid_is_refused() -> None:
    with pytest.raises(ProvenanceError, match="36 characters"):
        credentials.request(record="none")


def test_an_issued_certificate_signs_from_then_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sign(encoded("flac"), form="flac", claim=claim())
    public = PublicAuthority.new()
    call_command("provenance_certificate", "request", "--record", RECORD)
    issued = public.issue(capsys.readouterr().out)
    (tmp_path / "issued.pem").write_text(authority.as_pem(issued, public.intermediate, public.root))
    call_command("provenance_certificate", "install", str(tmp_path / "issued.pem"))
    assert "O=Public authority" in capsys.readouterr().out
    after = sign(encoded("flac"), form="flac", claim=claim())
    reading = read(after, form="flac")
    assert (reading.state, reading.ours) == ("trusted", True)
    assert reading.manifest is not None
    assert reading.manifest["signature_info"]["cert_serial_number"] == str(issued.serial_number)
    assert read(before, form="flac").ours


def test_an_issued_certificate_that_expired_signs_nothing() -> None:
    public = PublicAuthority.new()
    issued = public.issue(credentials.request())
    row = credentials.install(authority.as_pem(issued, public.intermediate, public.root).encode())
    with platform_scope():
        ProvenanceCredential.objects.filter(id=row.id).update(sign_until=authority.now())
    with pytest.raises(ProvenanceError, match="has expired"):
        sign(encoded("wav"), form="wav", claim=claim())


def test_a_certificate_that_does_not_fit_is_not_installed() -> None:
    public = PublicAuthority.new()
    request = credentials.request()
    whole = public.issue(request)
    faults = {
        "not certificates": b"rubbish",
        "chain is broken": authority.as_pem(whole).encode(),
        "purposes|cannot sign": _pem(public, public.issue(request, purposes=False)),
        "not valid at this time": _pem(public, public.issue(request, days=0)),
        "self-signed": authority.as_pem(public.root).encode(),
    }
    for fault, pem in faults.items():
        with pytest.raises(ProvenanceError, match=fault):
            credentials.install(pem)
    with platform_scope():
        ProvenanceCredential.objects.filter(standing="waiting").delete()
    with pytest.raises(ProvenanceError, match="No key waits"):
        credentials.install(_pem(public, whole))
    assert credentials.current().issued_by_us


def test_the_root_of_an_issued_certificate_may_be_on_the_trust_list() -> None:
    public = PublicAuthority.new()
    issued = public.issue(credentials.request())
    pem = authority.as_pem(issued, public.intermediate).encode()
    assert credentials.install(pem, anchors=authority.as_pem(public.root).encode()).anchor == authority.as_pem(
        public.root
    )


def test_the_command_shows_the_root_renews_and_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("provenance_certificate", "show", "--root")
    assert capsys.readouterr().out == credentials.current().anchor
    before = credentials.current().id
    call_command("provenance_certificate", "renew")
    assert "(our own)" in capsys.readouterr().out
    assert credentials.current().id != before
    with pytest.raises(CommandError, match=r"missing\.pem"):
        call_command("provenance_certificate", "install", str(tmp_path / "missing.pem"))


def _pem(public: PublicAuthority, issued: x509.Certificate) -> bytes:
    return authority.as_pem(issued, public.intermediate, public.root).encode()
