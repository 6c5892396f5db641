"""Whom to believe: roots that are trusted, and the rule by which a manifest is ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings

from tenancy.authority import DOCUMENT_SIGNING
from watermark.provenance import credentials
from watermark.provenance.authority import CLAIM_SIGNING
from watermark.provenance.credentials import Known
from watermark.provenance.errors import ProvenanceError

EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
PURPOSES = f"{CLAIM_SIGNING.dotted_string}\n{DOCUMENT_SIGNING.dotted_string}\n{EMAIL_PROTECTION}\n"
"""What a certificate must be for; the validator knows none without being told."""


def trust_list() -> bytes:
    """The PEM file that PROVENANCE_TRUST_LIST names, for instance C2PA's own list; empty where it names none."""
    if not settings.PROVENANCE_TRUST_LIST:
        return b""
    path = Path(settings.PROVENANCE_TRUST_LIST).expanduser()
    try:
        found = path.read_bytes()
        x509.load_pem_x509_certificates(found)
    except (OSError, ValueError) as error:
        raise ProvenanceError(f"PROVENANCE_TRUST_LIST names {path}, which is no file of PEM certificates.") from error
    return found


def anchors(known: Iterable[Known]) -> str:
    """Every trusted root in PEM: those of our own certificates, and the trust list."""
    own = dict.fromkeys(one.anchor for one in known)
    return "".join([*own, trust_list().decode()])


def reader_settings(trusted: str) -> dict[str, Any]:
    """Settings of the C2PA library for a reader that trusts these roots and asks nobody on the network."""
    return {
        "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        "trust": {"trust_config": PURPOSES, **({"trust_anchors": trusted} if trusted else {})},
        "builder": {"thumbnail": {"enabled": False}},
    }


def signer_among(signature: Mapping[str, Any], known: Iterable[Known]) -> Known | None:
    """Which of our certificates a signature's issuer and serial number name, if any.

    Names prove nothing by themselves: the manifest must also be trusted by that certificate's own root alone.
    """
    serial = str(signature.get("cert_serial_number"))
    return next((one for one in known if str(one.leaf.serial_number) == serial), None)


def own_certificates() -> list[Known]:
    """Every certificate that signs or has signed for us, newest first."""
    return credentials.known()
