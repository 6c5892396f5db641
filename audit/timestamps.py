"""RFC 3161 time-stamps: asking an authority when some bytes existed, and checking what it answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.utils import timezone
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus

from audit.errors import OutboundError, TimestampError
from audit.outbound import post

CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True)
class Stamp:
    """What a token says: when the bytes existed (UTC), and the subject of the certificate that signed it."""

    time: datetime
    authority: str


@dataclass(frozen=True)
class TrustedAuthorities:
    """Whose time we believe: self-signed roots, intermediates, and signers for tokens that carry no certificate."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    signers: tuple[x509.Certificate, ...] = ()


def read_authorities(path: Path) -> TrustedAuthorities:
    """The certificates of a PEM file, in any order; raises `TimestampError` when there is no root among them."""
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TimestampError(f"{path} cannot be read as PEM certificates: {error}") from error
    return sort_authorities(certificates)


def sort_authorities(certificates: list[x509.Certificate]) -> TrustedAuthorities:
    """Each certificate in its part, told by its own extensions; raises `TimestampError` without any root."""
    signers = tuple(certificate for certificate in certificates if _may_stamp(certificate))
    issuers = [certificate for certificate in certificates if certificate not in signers]
    roots = tuple(certificate for certificate in issuers if certificate.issuer == certificate.subject)
    if not roots:
        raise TimestampError("There is no self-signed root among the certificates: add the authority's own root.")
    return TrustedAuthorities(roots, tuple(c for c in issuers if c not in roots), signers)


def request_stamp(url: str, message: bytes, *, trusted: TrustedAuthorities) -> tuple[bytes, Stamp]:
    """The response (DER, RFC 3161 TimeStampResp) of the authority at `url` over SHA-256 of `message`, verified.

    Raises `TimestampError` when it cannot be had or proves nothing, which another attempt may mend.
    """
    request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
    asked_at = timezone.now()
    try:
        answer = post(url, request.as_bytes(), content_type="application/timestamp-query", plain=True)
    except OutboundError as error:
        raise TimestampError(str(error)) from error
    if answer.status != 200 or answer.content_type.partition(";")[0].strip() != "application/timestamp-reply":  # noqa: PLR2004 - HTTP
        raise TimestampError(f"{url} answered {answer.status} {answer.content_type!r} instead of a time-stamp.")
    stamp = verify_stamp(answer.body, message=message, trusted=trusted, nonce=request.nonce)
    if not asked_at - CLOCKS_APART <= stamp.time <= timezone.now() + CLOCKS_APART:
        raise TimestampError(f"{url} says it is {stamp.time.isoformat()}, which is not the time here: see both clocks.")
    return answer.body, stamp


def verify_stamp(token: bytes, *, message: bytes, trusted: TrustedAuthorities, nonce: int | None = None) -> Stamp:
    """What the token says about `message`; raises `TimestampError` unless a trusted authority really signed it.

    The certificates must have been valid at the time in the token, not now: an old token stays good.
    """
    try:
        response = decode_timestamp_response(token)
        if response.status != PKIStatus.GRANTED:
            raise TimestampError(f"The authority refused to stamp: PKIStatus {response.status} (RFC 3161, 2.4.2).")
        signer = None if response.signed_data.certificates else _known_signer(response, trusted)
        verifier = VerifierBuilder(
            roots=list(trusted.roots), intermediates=list(trusted.intermediates), tsa_certificate=signer, nonce=nonce
        ).build()
        verifier.verify_message(response, message)
        return Stamp(response.tst_info.gen_time, _authority(response, trusted))
    except (VerificationError, ValueError, TypeError) as error:
        raise TimestampError(f"The time-stamp proves nothing: {error}") from error


def _known_signer(response: TimeStampResponse, trusted: TrustedAuthorities) -> x509.Certificate:
    for signer in trusted.signers:
        if _is_signer(signer, response):
            return signer
    raise TimestampError("The time-stamp carries no certificate, and its signer is not among those we trust.")


def _authority(response: TimeStampResponse, trusted: TrustedAuthorities) -> str:
    embedded = [x509.load_der_x509_certificate(raw) for raw in response.signed_data.certificates]
    signers = [c for c in [*embedded, *trusted.signers] if _is_signer(c, response)]
    return signers[0].subject.rfc4514_string()


def _is_signer(certificate: x509.Certificate, response: TimeStampResponse) -> bool:
    return any(
        certificate.issuer == signer.issuer and certificate.serial_number == signer.serial_number
        for signer in response.signed_data.signer_infos
    )


def _may_stamp(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.BasicConstraints.oid and ExtendedKeyUsageOID.TIME_STAMPING in usages
    return ExtendedKeyUsageOID.TIME_STAMPING in usages and not constraints.ca
