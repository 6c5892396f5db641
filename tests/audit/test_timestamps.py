from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from audit.errors import TimestampError
from audit.timestamps import TrustedAuthorities, read_authorities, request_stamp, sort_authorities, verify_stamp
from tests.time_authority import TimeAuthority, establish, grant, time_authority

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "rfc3161" / "test" / "fixtures"
NOTE = b"log.example\n3\nAAAA\n\n\xe2\x80\x94 log.example AAAA\n"
PAYLOADS = {"sigstore.mock": VECTORS / "sigstore.mock" / "payload"}

needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason="the RFC 3161 vectors are not in shared/vectors")


@pytest.fixture
def authority() -> Iterator[TimeAuthority]:
    with time_authority() as answering:
        yield answering


@pytest.fixture
def trusted(authority: TimeAuthority) -> TrustedAuthorities:
    return sort_authorities([authority.root])


def chain(folder: str) -> TrustedAuthorities:
    raw = (VECTORS / folder / "ts_chain.pem").read_bytes()
    if b"BEGIN" in raw:
        return sort_authorities(x509.load_pem_x509_certificates(raw))
    return sort_authorities([x509.load_der_x509_certificate(raw)])


def vector(folder: str, name: str) -> tuple[bytes, bytes]:
    """A public response, and the bytes that it is about."""
    payload = PAYLOADS[folder].read_bytes() if folder in PAYLOADS else b"hello"
    return (VECTORS / folder / name).read_bytes(), payload


@needs_vectors
@pytest.mark.parametrize(
    ("folder", "name", "authority", "time"),
    [
        ("test_tsa", "response.tsr", "CN=Test TSA Timestamping,O=local", "2024-10-08T15:40:32"),
        ("sigstage", "response-sha256.tsr", "CN=sigstore-tsa,O=sigstore.dev", "2025-05-09T11:58:55"),
        ("sigstage", "response-sha384.tsr", "CN=sigstore-tsa,O=sigstore.dev", "2025-05-09T11:58:55"),
        ("sigstage", "response-sha512.tsr", "CN=sigstore-tsa,O=sigstore.dev", "2025-05-09T11:58:56"),
        ("sigstage", "response-no-embedded-cert.tsr", "CN=sigstore-tsa,O=sigstore.dev", "2025-06-18T08:13:02"),
        ("identrust", "issue-104.tsr", "CN=TrustID Timestamp Authority,O=IdenTrust,C=US", "2025-03-11T08:52:08"),
        # Its certificates have run out by now and were valid at the time that it states.
        ("sigstore.mock", "response-expired.tsr", "O=sigstore.mock,CN=tsa signing", "2023-02-01T00:00:00"),
        # Carries two certificates that are not the signer's; none of them is taken for it.
        ("test_tsa", "response-injected-certs.tsr", "CN=Test TSA Timestamping,O=local", "2024-10-08T15:40:32"),
    ],
)
def test_public_stamps_that_hold(folder: str, name: str, authority: str, time: str) -> None:
    token, payload = vector(folder, name)
    stamp = verify_stamp(token, message=payload, trusted=chain(folder))
    assert (stamp.authority, stamp.time) == (authority, datetime.fromisoformat(f"{time}+00:00"))
    with pytest.raises(TimestampError, match="Mismatch between messages"):
        verify_stamp(token, message=payload + b"!", trusted=chain(folder))


@needs_vectors
@pytest.mark.parametrize(
    ("folder", "name", "trusts", "reason"),
    [
        ("sigstage", "response-invalid-signature.tsr", "sigstage", "signature failure"),
        ("test_tsa", "other_response.tsr", "test_tsa", "unable to get local issuer"),
        ("test_tsa", "response.tsr", "sigstage", "certificate verify error"),
        ("identrust", "issue-104.tsr", "test_tsa", "certificate verify error"),
        ("sigstage", "response-no-embedded-cert.tsr", "test_tsa", "its signer is not among those we trust"),
    ],
)
def test_public_stamps_that_do_not_hold(folder: str, name: str, trusts: str, reason: str) -> None:
    token, payload = vector(folder, name)
    with pytest.raises(TimestampError, match=reason):
        verify_stamp(token, message=payload, trusted=chain(trusts))


@needs_vectors
def test_intermediates_count_only_when_they_are_trusted() -> None:
    token, payload = vector("test_tsa", "response.tsr")
    trusted = chain("test_tsa")
    assert (len(trusted.roots), len(trusted.intermediates), len(trusted.signers)) == (1, 1, 1)
    with pytest.raises(TimestampError, match="unable to get local issuer"):
        verify_stamp(token, message=payload, trusted=TrustedAuthorities(trusted.roots))


@needs_vectors
def test_no_flipped_bit_makes_a_stamp_say_anything_else() -> None:
    token, payload = vector("test_tsa", "response.tsr")
    trusted = chain("test_tsa")
    said = verify_stamp(token, message=payload, trusted=trusted)
    unsigned = 0
    for bit in range(0, len(token) * 8, 5):
        damaged = bytearray(token)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            assert verify_stamp(bytes(damaged), message=payload, trusted=trusted) == said
            unsigned += 1
        except TimestampError:
            continue
    assert unsigned < 30  # a few bytes of the envelope stand under no signature: their hash is stored beside them


def test_a_stamp_is_asked_for_over_sha_256_of_the_note_and_verified(
    authority: TimeAuthority, trusted: TrustedAuthorities
) -> None:
    token, stamp = request_stamp(authority.url, NOTE, trusted=trusted)
    (asked,) = (tsp.TimeStampReq.load(raw) for raw in authority.asked)
    imprint = asked["message_imprint"]
    assert imprint["hash_algorithm"]["algorithm"].native == "sha256"
    assert imprint["hashed_message"].native == hashlib.sha256(NOTE).digest()
    assert asked["cert_req"].native
    assert asked["nonce"].native is not None
    assert abs(stamp.time - datetime.now(UTC)) < timedelta(minutes=1)
    assert stamp.authority == "CN=Test authority"
    assert verify_stamp(token, message=NOTE, trusted=trusted) == stamp


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here")
def test_openssl_verifies_what_is_kept(authority: TimeAuthority, trusted: TrustedAuthorities, tmp_path: Path) -> None:
    token, _ = request_stamp(authority.url, NOTE, trusted=trusted)
    for name, data in {"token.tsr": token, "note": NOTE, "other": b"other", "roots.pem": authority.pem()}.items():
        (tmp_path / name).write_bytes(data)

    def openssl(about: str) -> int:
        command = ["openssl", "ts", "-verify", "-in", "token.tsr", "-data", about, "-CAfile", "roots.pem"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    assert (openssl("note"), openssl("other")) == (0, 1)


def refuse(_stamper: object, _request: tsp.TimeStampReq) -> bytes:
    return bytes.fromhex("3005 3003 020102")  # a TimeStampResp of nothing but PKIStatus 2, rejection


def over_other_bytes(stamper: object, request: tsp.TimeStampReq) -> bytes:
    request["message_imprint"]["hashed_message"] = bytes(32)
    return grant(stamper, request)


def replayed(stamper: object, request: tsp.TimeStampReq) -> bytes:
    request["nonce"] = 1
    return grant(stamper, request)


def of_a_stranger(_stamper: object, request: tsp.TimeStampReq) -> bytes:
    return grant(establish("Test authority").stamper, request)


def long_ago(stamper: object, request: tsp.TimeStampReq) -> bytes:
    stamper.fixed_dt = datetime.now(UTC) - timedelta(days=30)
    return grant(stamper, request)


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (refuse, "refused to stamp"),
        (over_other_bytes, "Mismatch between messages"),
        (replayed, "Nonce mismatch"),
        (of_a_stranger, "Error while verifying"),
        (long_ago, "not the time here"),
        (lambda *_: b"", "proves nothing"),
        (lambda *_: b"<html>", "proves nothing"),
    ],
)
def test_an_authority_that_misbehaves_gives_no_stamp(
    authority: TimeAuthority, trusted: TrustedAuthorities, respond: object, reason: str
) -> None:
    authority.respond = respond
    with pytest.raises(TimestampError, match=reason):
        request_stamp(authority.url, NOTE, trusted=trusted)


@pytest.mark.parametrize(("status", "content_type"), [(503, "application/timestamp-reply"), (200, "text/html")])
def test_an_answer_that_is_no_stamp_is_named(
    authority: TimeAuthority, trusted: TrustedAuthorities, status: int, content_type: str
) -> None:
    authority.status, authority.content_type = status, content_type
    with pytest.raises(TimestampError, match=f"answered {status} '{content_type}'"):
        request_stamp(authority.url, NOTE, trusted=trusted)


def test_an_authority_that_is_away_gives_no_stamp(trusted: TrustedAuthorities) -> None:
    with pytest.raises(TimestampError, match="could not be reached"):
        request_stamp("http://127.0.0.1:9/tsr", NOTE, trusted=trusted)


def test_authorities_are_read_from_one_file(tmp_path: Path) -> None:
    one, two = establish("One"), establish("Two")
    pem = b"".join(
        certificate.public_bytes(serialization.Encoding.PEM) for certificate in (one.certificate, one.root, two.root)
    )
    (tmp_path / "roots.pem").write_bytes(pem)
    assert read_authorities(tmp_path / "roots.pem") == TrustedAuthorities((one.root, two.root), (), (one.certificate,))


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_a_file_without_certificates_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "roots.pem").write_bytes(content)
    with pytest.raises(TimestampError, match="PEM"):
        read_authorities(tmp_path / "roots.pem")


def test_a_signer_alone_is_no_root() -> None:
    with pytest.raises(TimestampError, match="no self-signed root"):
        sort_authorities([establish().certificate])
