from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pytest_django import Settings

from governance.evidence import certificates
from governance.evidence.errors import CertificateError
from tenancy import signing
from tenancy.authority import DOCUMENT_SIGNING


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.EVIDENCE_CERTIFICATES = tmp_path / "evidence"
    return tmp_path / "evidence"


def test_a_first_start_makes_one_root_that_vouches_for_both_keys(folder: Path) -> None:
    report, statement = certificates.for_reports().chain, certificates.for_statements(signing.current_key_id())
    assert report[-1] == statement[-1]
    for chain in (report, statement):
        chain[0].verify_directly_issued_by(chain[1])
        chain[1].verify_directly_issued_by(chain[1])
        assert chain[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
        assert list(chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [DOCUMENT_SIGNING]
    assert statement[0].public_key().public_bytes_raw() == signing.public_key(signing.current_key_id())  # type: ignore[union-attr]
    assert {path.name[:9] for path in folder.iterdir()} == {"root.pem", "report.pe", "statement"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


def test_what_was_made_stays_the_same(folder: Path) -> None:
    first = certificates.for_reports()
    again = certificates.for_reports()
    assert (again.chain, again.key.private_numbers()) == (first.chain, first.key.private_numbers())


def read_chain(folder: Path) -> bytes:
    return certificates.as_pem(certificates.for_reports().chain)


def test_of_several_who_come_first_all_get_the_same(folder: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert len(set(pool.map(read_chain, [folder] * 8))) == 1


@pytest.mark.parametrize("name", ["root.pem", "report.pem"])
def test_a_key_that_others_may_read_is_refused(folder: Path, name: str) -> None:
    certificates.for_reports()
    (folder / name).chmod(0o640)
    with pytest.raises(CertificateError, match="chmod 600"):
        certificates._credentials(name, bytes)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_file_is_refused_and_left_as_it_is(folder: Path, content: bytes) -> None:
    certificates.for_reports()
    (folder / "report.pem").write_bytes(content)
    with pytest.raises(CertificateError):
        certificates.for_reports()
    assert (folder / "report.pem").read_bytes() == content


def test_a_certificate_of_another_key_is_refused(folder: Path) -> None:
    certificates.for_statements(signing.current_key_id())
    (path,) = folder.glob("statement-*.pem")
    stranger = certificates._issue("Stranger", Ed25519PrivateKey.generate().public_key())
    path.write_bytes(certificates.as_pem(stranger))
    with pytest.raises(CertificateError, match="another key"):
        certificates.for_statements(signing.current_key_id())
    report = folder / "report.pem"
    report.write_bytes(certificates._key_pem(certificates._fresh_key()) + certificates.as_pem(stranger))
    report.chmod(0o600)
    with pytest.raises(CertificateError, match="that very key"):
        certificates.for_reports()


def test_a_certificate_that_has_run_out_signs_nothing_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates.for_reports()
    later = datetime.now(UTC) + timedelta(days=certificates.PROFILE.leaf_days + 1)
    monkeypatch.setattr(certificates.timezone, "now", lambda: later)
    with pytest.raises(CertificateError, match="was good until"):
        certificates.for_reports()


def test_an_operators_own_key_and_chain_are_used_as_they_are(folder: Path) -> None:
    key = generate_private_key(65537, 2048)
    chain = certificates._issue("Our notary", key.public_key())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "report.pem").write_bytes(pem + certificates.as_pem(chain))
    (folder / "report.pem").chmod(0o600)
    assert certificates.for_reports().chain == chain
