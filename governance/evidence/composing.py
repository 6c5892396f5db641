"""Putting a bundle together: every file of it, from a dossier, signed so that no byte can change unseen."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from django.conf import settings

from audit.identity import verifier_keys
from audit.leaves import canonical
from governance.evidence import certificates, report, report_signing, stamps, statement
from governance.evidence.dossier import Dossier
from governance.evidence.dsse import seal
from governance.evidence.errors import UnsoundBundleError
from governance.evidence.report_signing import Stamping
from governance.evidence.standalone import verify
from tenancy import signing

LETTER = Path(__file__).with_name("letter.txt")
VERIFIER = Path(verify.__file__)
LONGEST_NAME = 100


@dataclass(frozen=True)
class Bundle:
    """The zip file, and the SHA-256 of its list of files and of its signed statement."""

    name: str
    content: bytes
    manifest_sha256: str
    statement_sha256: str
    files: Mapping[str, str]


def composed(dossier: Dossier, *, issued_at: datetime) -> Bundle:
    """The bundle, read back by its own verifier before anybody gets it.

    Raises:
        EvidenceNotReadyError: time-stamp authorities are configured, and none answers.
        CertificateError: a certificate has run out or is damaged.
        UnsoundBundleError: its own verifier does not accept it.
    """
    key_id = signing.current_key_id()
    files = dict(_files(dossier, issued_at=issued_at, key_id=key_id))
    files |= _manifest(files, examination=dossier.examination["id"], key_id=key_id)
    _read_back(files, key_id=key_id)
    return Bundle(
        name=_name(dossier),
        content=verify.zipped(files),
        manifest_sha256=_sha256(files[verify.MANIFEST]),
        statement_sha256=_sha256(files[verify.ENVELOPE]),
        files={name: _sha256(content) for name, content in files.items()},
    )


def _files(dossier: Dossier, *, issued_at: datetime, key_id: str) -> Iterator[tuple[str, bytes]]:
    key = _base64url(signing.public_key(key_id))
    envelope = seal(statement.written(dossier, issued_at=issued_at), payload_type=verify.STATEMENT_TYPE, key_id=key_id)
    tokens = stamps.over(envelope)
    credentials = certificates.for_reports()
    drawn = report.drawn(dossier, envelope=envelope, issued_at=issued_at, key=key)
    stamping = Stamping(tokens[0].url, tuple(x509.load_pem_x509_certificates(stamps.roots()))) if tokens else None
    original = f"original/{_safe(dossier.examination['filename'])}"
    yield original, dossier.original
    yield verify.ENVELOPE, envelope
    yield "report.pdf", report_signing.signed(drawn, statement=envelope, credentials=credentials, stamping=stamping)
    yield "provenance.json", canonical(dossier.result["provenance"]).encode()
    yield from _log(dossier)
    for place, token in enumerate(tokens, start=1):
        yield f"timestamps/{place:02d}.tsr", token.response
    if tokens:
        yield "certificates/timestamp-authorities.pem", stamps.roots()
    yield "certificates/statement.pem", certificates.as_pem(certificates.for_statements(key_id))
    yield "certificates/report.pem", certificates.as_pem(credentials.chain)
    yield "verify.py", VERIFIER.read_bytes()
    yield "README.txt", _letter(dossier, issued_at=issued_at, key=key, original=original)


def _log(dossier: Dossier) -> Iterator[tuple[str, bytes]]:
    """The records with their proofs, and what `verify_log.py` needs beside them."""
    yield "log/keys.txt", "".join(f"{key}\n" for key in verifier_keys()).encode()
    if settings.LOG_POLICY_FILE:
        yield "log/policy.txt", settings.LOG_POLICY_FILE.read_bytes()
    for name, record in statement.placed(dossier.records):
        yield f"{name}.json", json.dumps(record.entry, ensure_ascii=False, indent=2, sort_keys=True).encode()
        yield f"{name}.tlog-proof", record.proof.encode()


def _manifest(files: Mapping[str, bytes], *, examination: str, key_id: str) -> dict[str, bytes]:
    listed = {name: {"sha256": _sha256(content), "size": len(content)} for name, content in files.items()}
    body = canonical({"format": verify.FORMAT, "examination": examination, "files": listed}).encode()
    signed = seal(body, payload_type=verify.MANIFEST_TYPE, key_id=key_id)
    return {verify.MANIFEST: body, verify.SIGNED_MANIFEST: signed}


def _read_back(files: Mapping[str, bytes], *, key_id: str) -> None:
    """Refuses to hand out what would not stand: checked with our own keys, as an outsider would."""
    trust = verify.Trust(
        keys=(signing.public_key(key_id),),
        roots=(certificates.for_statements(key_id)[-1], certificates.for_reports().chain[-1]),
        log_keys=tuple(str(key) for key in verifier_keys()),
    )
    wrong = [finding for finding in verify.examine(files, trust) if finding.outcome == "failed"]
    if wrong:
        said = "; ".join(f"{finding.check}: {finding.detail}" for finding in wrong)
        raise UnsoundBundleError(f"The bundle does not stand before its own verifier, so it is not issued. {said}")


def _letter(dossier: Dossier, *, issued_at: datetime, key: str, original: str) -> bytes:
    text = LETTER.read_text(encoding="utf-8").format(
        examination=dossier.examination["id"],
        case_number=" ".join(str(dossier.examination["case_number"]).split()),
        issued_at=f"{issued_at:%Y-%m-%d %H:%M:%S} UTC",
        original=original,
        sha256=dossier.examination["sha256"],
        bundle=_name(dossier),
        key=key,
        log_key=verifier_keys()[0],
    )
    return text.encode()


def _name(dossier: Dossier) -> str:
    return f"evidence-{dossier.examination['id']}.zip"


def _safe(filename: str) -> str:
    """A name that no unpacker stumbles over; the real one stands in the statement."""
    kept = re.sub(r"[^A-Za-z0-9_-]+(?=\.)|[^A-Za-z0-9_.-]+|\.(?=\.)", "_", filename).strip("._")
    return kept[-LONGEST_NAME:].lstrip("._-") or "original"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
