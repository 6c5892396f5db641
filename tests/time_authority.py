"""A time-stamp authority on this machine, with its own root: certomancer stamps, the test says how it misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from certomancer.services import TimeStamper
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Respond = Callable[[TimeStamper, tsp.TimeStampReq], bytes]


def grant(stamper: TimeStamper, request: tsp.TimeStampReq) -> bytes:
    return bytes(stamper.request_tsa_response(request).dump())


@dataclass
class TimeAuthority:
    """Where it answers, its certificates, and what it does next."""

    url: str
    root: x509.Certificate
    certificate: x509.Certificate
    stamper: TimeStamper
    respond: Respond = grant
    status: int = 200
    content_type: str = "application/timestamp-reply"
    asked: list[bytes] = field(default_factory=list)

    def pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certify(
    name: str, *, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey, stamps: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=400))
        .add_extension(x509.BasicConstraints(ca=not stamps, path_length=None), critical=True)
    )
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(by, hashes.SHA256())


def establish(name: str = "Test authority") -> TimeAuthority:
    """An authority that nobody can reach yet."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = certify(f"{name} root", key=root_key, issuer=f"{name} root", by=root_key, stamps=False)
    certificate = certify(name, key=key, issuer=f"{name} root", by=root_key, stamps=True)
    secret = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    stamper = TimeStamper(
        asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        asn1_keys.PrivateKeyInfo.load(secret),
    )
    return TimeAuthority("", root, certificate, stamper)


@contextmanager
def time_authority(name: str = "Test authority") -> Iterator[TimeAuthority]:
    """An authority that answers at its `url`."""
    authority = establish(name)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(raw)
            body = authority.respond(authority.stamper, tsp.TimeStampReq.load(raw))
            self.send_response(authority.status)
            self.send_header("Content-Type", authority.content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        authority.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()
